"""Mixtures in files: what comes back, what is refused, and what a failure leaves."""

import json
import os
import pickle
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris

from gmm_rs import GaussianMixture, ModelFileError, NotFittedError

X = load_iris(as_frame=True).data
ARRAYS = ("weights_", "means_", "covariances_", "precisions_cholesky_")


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_everything_comes_back(covariance_type, dtype):
    mixture = GaussianMixture(
        np.int64(3), covariance_type=covariance_type, random_state=np.random.default_rng(0), tol=1e-4, means_init=X[:3]
    ).fit(X.astype(dtype))
    mixture.save("model.npz")
    loaded = GaussianMixture.load(Path("model.npz"))
    for name in (*ARRAYS, "precisions_", "lower_bounds_", "lower_bound_", "n_iter_", "feature_names_in_"):
        assert_array_equal(getattr(loaded, name), getattr(mixture, name))
        assert np.asarray(getattr(loaded, name)).dtype == np.asarray(getattr(mixture, name)).dtype
    assert_array_equal(loaded.predict_proba(X.astype(dtype)), mixture.predict_proba(X.astype(dtype)))
    assert loaded.get_params() == mixture.get_params() | {"random_state": None, "means_init": None}
    assert loaded.converged_ is True


def test_hand_set_factors_come_back():
    mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], "spherical")
    mixture.precisions_cholesky_ = np.array([2.0])
    mixture.save("model.npz")
    assert GaussianMixture.load("model.npz").score([[1.0]]) == mixture.score([[1.0]])


def test_nothing_is_saved_before_a_fit():
    with pytest.raises(NotFittedError):
        GaussianMixture().save("model.npz")
    assert not Path("model.npz").exists()


def test_a_failure_leaves_the_old_file(monkeypatch):
    mixture = GaussianMixture(2, random_state=0).fit(X)
    mixture.save("model.npz")
    before = Path("model.npz").read_bytes()
    monkeypatch.setattr(np, "savez", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        mixture.save("model.npz")
    assert list(Path().iterdir()) == [Path("model.npz")]
    assert Path("model.npz").read_bytes() == before


def test_a_place_that_cannot_be_written_to_is_named():
    Path("file").write_text("")
    with pytest.raises(OSError, match=r"cannot write into the folder file .*choose a place"):
        GaussianMixture(random_state=0).fit(X).save("file/model.npz")


def entries() -> dict[str, bytes]:
    GaussianMixture(2, random_state=0).fit(X).save("model.npz")
    with zipfile.ZipFile("model.npz") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(contents: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile("model.npz", "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def npy(array: object, **options: object) -> bytes:
    stream = BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npy_header(shape: str, descr: str = "'<f8'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def with_header(contents: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    header = json.loads(np.load(BytesIO(contents["header.npy"])).tobytes())
    text = json.dumps(header | changes).encode()
    return contents | {"header.npy": npy(np.frombuffer(text, dtype=np.uint8))}


HOSTILE = {
    "a missing array": (lambda c: {k: v for k, v in c.items() if k != "means.npy"}, "has no means"),
    "a huge shape": (lambda c: c | {"means.npy": npy_header("(1099511627776, 4)")}, "means have the shape"),
    "a negative shape": (lambda c: c | {"means.npy": npy_header("(-1, -4)") + bytes(32)}, "means have the shape"),
    "a shape that overflows": (lambda c: c | {"means.npy": npy_header("(4294967296, 4294967296)")}, "the shape"),
    "objects": (lambda c: c | {"means.npy": npy(np.array([[print]]), allow_pickle=True)}, "dtype object"),
    "records": (lambda c: c | {"means.npy": npy_header("(1,)", "[('a', '<f8')]") + bytes(8)}, "dtype"),
    "integers": (lambda c: c | {"means.npy": npy(np.ones((2, 4), dtype=int))}, "dtype int64"),
    "no npy": (lambda c: c | {"means.npy": b"means"}, "magic"),
    "a pickle": (lambda c: c | {"means.npy": pickle.dumps(os.getcwd)}, "magic"),
    "NaN": (lambda c: c | {"means.npy": npy(np.full((2, 4), np.nan))}, "'means' should be finite"),
    "no weights": (lambda c: c | {"weights.npy": npy(np.array([0.5, 0.6]))}, "normalized"),
    "other sizes": (lambda c: c | {"means.npy": npy(np.ones((3, 4)))}, "'weights'"),
    "no covariances": (lambda c: c | {"covariances.npy": npy(-np.ones((2, 4, 4)))}, "positive-definite"),
    "other factors": (lambda c: c | {"precisions_cholesky.npy": npy(np.ones((2, 4)))}, "precisions_cholesky"),
    "no JSON": (lambda c: c | {"header.npy": npy(np.full(9, 65, dtype=np.uint8))}, "Expecting value"),
    "deep JSON": (lambda c: c | {"header.npy": npy(np.full(10**5, ord("["), dtype=np.uint8))}, "recursion"),
    "another format": (lambda c: with_header(c, format="other"), "not from gmm_rs"),
    "a later version": (lambda c: with_header(c, version=2), "version is not 1"),
    "another type": (lambda c: with_header(c, covariance_type="round"), "covariance_type"),
    "no results": (lambda c: with_header(c, results=[]), "header is damaged"),
    "names of another number": (lambda c: with_header(c, results={"feature_names_in_": ["a"]}), "header is damaged"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_sound_mixture_is_refused_by_name(kind):
    damage, words = HOSTILE[kind]
    write(damage(entries()))
    with pytest.raises(ModelFileError, match=rf"model\.npz is no mixture.*{words}"):
        GaussianMixture.load("model.npz")


def test_compressed_files_are_refused():
    write(entries() | {"means.npy": npy_header("(125000, 4)") + bytes(4_000_000)}, zipfile.ZIP_DEFLATED)
    assert Path("model.npz").stat().st_size < 100_000
    with pytest.raises(ModelFileError, match="compressed or larger"):
        GaussianMixture.load("model.npz")


def test_cut_and_altered_files_are_refused_or_read_whole():
    entries()
    whole = Path("model.npz").read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for _ in range(200):
        altered = bytearray(whole)
        altered[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        Path("model.npz").write_bytes(bytes(altered[: rng.integers(len(whole)) if rng.random() < 0.3 else None]))
        try:
            mixture = GaussianMixture.load("model.npz")
        except ModelFileError:
            refused += 1
        else:
            assert np.isfinite(mixture.marginal([0]).score(X.to_numpy()[:, :1]))
    assert refused > 100


def test_a_missing_file_is_named():
    with pytest.raises(ModelFileError, match=r"there is no file .*nowhere\.npz"):
        GaussianMixture.load("nowhere.npz")


def test_keys_that_a_reader_does_not_know_are_ignored():
    write(with_header(entries(), colour="red", parameters={"n_components": 2, "colour": "red"}))
    assert GaussianMixture.load("model.npz").get_params()["n_components"] == 2
