"""Models from files: ours, those of the original, and files that are out to do harm."""

import contextlib
import os
import pickle
import pickletools
import random
import struct
from pathlib import Path

import numpy as np
import pytest

from gmm_rs import GMM, ModelFileError
from gmm_rs import serket as srk
from gmm_rs.serket._files import read_model
from gmm_rs.serket._pickle import read_pickle


def load(data):
    """Read a file with this content as a model."""
    Path("model.pickle").write_bytes(data)
    return read_model(Path(), reader="module001_gmm")


def our_content(**changes):
    content = {
        "format": "gmm_rs.serket.gmm",
        "version": 1,
        "covariance_type": "full",
        "weights": np.array([0.25, 0.75]),
        "means": np.array([[0.0, 1.0], [2.0, 3.0]]),
        "covariances": np.stack([np.eye(2), [[2.0, 0.5], [0.5, 1.0]]]),
    }
    return content | changes


def original_content(data, labels, K, m0=None):
    """What the original Serket keeps of each class, from its definition."""
    D = data.shape[1]
    m0 = data.mean(axis=0).reshape(D, 1) if m0 is None else m0
    classes = []
    for k in range(K):
        rows = data[labels == k].astype(np.float64)
        n = len(rows)
        classes.append([rows.sum(axis=0).reshape(D, 1), rows.T @ rows, 1 + n, D + 2 + n, n, m0.copy()])
    return classes


# Ours ----------------------------------------------------------------------------------------------------------------


def test_our_file_is_what_is_documented(blobs):
    data, _ = blobs
    gmm = GMM(3, random_state=0)
    gmm.connect(srk.Observation(data))
    gmm.update()
    written = (Path(gmm.get_name()) / "model.pickle").read_bytes()
    content = pickle.loads(written)
    assert list(content) == ["format", "version", "covariance_type", "weights", "means", "covariances"]
    assert (content["format"], content["version"], content["covariance_type"]) == ("gmm_rs.serket.gmm", 1, "full")
    model = load(written)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(content[name], getattr(gmm, f"{name}_"))
        np.testing.assert_array_equal(getattr(model, name), getattr(gmm, f"{name}_"))
    assert next(argument for opcode, argument, _ in pickletools.genops(written) if opcode.name == "PROTO") == 4


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", ">f8"])
def test_every_protocol_is_read(protocol, order, dtype):
    content = our_content()
    for name in ("weights", "means", "covariances"):
        content[name] = np.asarray(content[name], dtype=dtype, order=order)
    model = load(pickle.dumps(content, protocol=protocol))
    np.testing.assert_array_equal(model.covariances, content["covariances"])
    assert model.covariances.dtype == np.float64
    assert model.covariances.dtype.isnative


def test_both_spellings_of_numpy_are_read():
    data = pickle.dumps(our_content(), protocol=2)
    spellings = (b"numpy._core.", b"numpy.core.")
    current = next(spelling for spelling in spellings if spelling in data)
    for spelling in spellings:
        np.testing.assert_array_equal(load(data.replace(current, spelling)).weights, [0.25, 0.75])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "neither from gmm_rs nor"),
        ({"format": np.zeros(3)}, "neither from gmm_rs nor"),
        ({"version": 2}, "version is not 1"),
        ({"version": np.ones(2)}, "version is not 1"),
        ({"covariance_type": "diag"}, "covariance_type"),
        ({"weights": None}, "weights are missing"),
        ({"weights": [0.5, 0.5]}, "weights are missing or no float64"),
        ({"weights": np.array([1, 0])}, "no float64"),
        ({"weights": np.array([0.5, 0.2])}, "sum to 1"),
        ({"weights": np.array([1.5, -0.5])}, "not be negative"),
        ({"weights": np.array([np.nan, 1.0])}, "weights hold NaN"),
        ({"weights": np.array([1.0])}, "shapes of a mixture"),
        ({"weights": np.array(1.0)}, "shapes of a mixture"),
        ({"means": np.ones(2)}, "shapes of a mixture"),
        ({"means": np.ones(())}, "shapes of a mixture"),
        ({"means": np.full((2, 2), np.inf)}, "means hold NaN or infinity"),
        ({"weights": np.ones(0), "means": np.ones((0, 2)), "covariances": np.ones((0, 2, 2))}, "shapes of a mixture"),
        ({"covariances": np.ones((2, 2, 2))}, "covariance of class 0"),
        ({"covariances": np.stack([np.eye(2), [[1.0, 0.3], [0.1, 1.0]]])}, "covariance of class 1"),
        ({"covariances": np.stack([np.eye(2), [[1e308, -1e308], [1e308, 1e308]]])}, "covariance of class 1"),
    ],
)
def test_contents_that_are_no_model(changes, words):
    with pytest.raises(ModelFileError, match=rf"model\.pickle is no model.*{words}"):
        load(pickle.dumps(our_content(**changes)))


# The original's ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(5))
def test_original_models_are_the_posterior_that_they_stand_for(protocol):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(60, 3)) @ np.diag([1.0, 2.0, 0.5]) + 2.0
    labels = np.repeat([0, 1, 2], [30, 29, 1])
    classes = original_content(data, labels, K=4)
    model = load(pickle.dumps(classes, protocol=protocol))
    np.testing.assert_allclose(model.weights, [30 / 60, 29 / 60, 1 / 60, 0.0])
    for k, (total, products, r, nu, n, m0) in enumerate(classes):
        m = (total + m0) / (1 + n)
        S = 0.1 * np.eye(3) + products + m0 @ m0.T - r * m @ m.T
        np.testing.assert_allclose(model.means[k], m[:, 0])
        np.testing.assert_allclose(model.covariances[k], S * (r + 1) / (r * (nu - 3 - 1)), rtol=1e-9, atol=1e-12)


def test_original_models_recognise(blobs):
    data, truth = blobs
    Path("trained").mkdir()
    Path("trained/model.pickle").write_bytes(pickle.dumps(original_content(data, truth, K=3)))
    gmm = GMM(3, load_dir="trained", category=truth, save=False)
    gmm.connect(srk.Observation(data))
    gmm.update()
    assert gmm.accuracy_ == 1.0
    np.testing.assert_array_equal(gmm.labels_, truth)


def python2_pickle():
    """A model of one class as Python 2 writes it with its default protocol, by hand."""

    def array(values):
        values = np.asarray(values, dtype="<f8")
        shape = "".join(f"I{length}\n" for length in values.shape)
        raw = "".join(f"\\x{byte:02x}" for byte in values.tobytes())
        return (
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
            f"(I1\n({shape}tcnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'{raw}'\ntb"
        )

    parts = [array([[6.0], [10.0]]), array([[20.0, 30.0], [30.0, 60.0]]), "I3\n", "I6\n", "I2\n", array([[3.0], [5.0]])]
    return f"(({''.join(parts)}ll.".encode("ascii")


def test_models_of_python_2_are_read():
    model = load(python2_pickle())
    np.testing.assert_array_equal(model.means, [[3.0, 5.0]])
    np.testing.assert_array_equal(model.weights, [1.0])
    scatter = 0.1 * np.eye(2) + [[2.0, 0.0], [0.0, 10.0]]
    np.testing.assert_allclose(model.covariances[0], scatter * 4 / (3 * 3))


def test_offsets_cancel_as_well_as_the_file_allows():
    rng = np.random.default_rng(1)
    data = rng.normal(size=(500, 2))
    near, far = (load(pickle.dumps(original_content(data + shift, np.zeros(500), K=1))) for shift in (0.0, 1e4))
    np.testing.assert_allclose(far.covariances, near.covariances, atol=1e-6)


def test_a_covariance_that_the_original_lost_is_an_error():
    data = np.random.default_rng(1).normal(size=(50, 2)) + 1e10
    with pytest.raises(ModelFileError, match=r"class 0 is not positive definite.*learn again"):
        load(pickle.dumps(original_content(data, np.zeros(50), K=1)))


def original_change(position, value):
    classes = original_content(np.arange(12.0).reshape(6, 2) ** 2, np.array([0, 0, 0, 1, 1, 1]), K=2)
    classes[1][position] = value
    return classes


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ([], "no classes"),
        ([[1, 2, 3]], "list of 6 values"),
        ([0], "list of 6 values"),
        (original_change(0, [1.0, 2.0]), "no matrix|not a matrix"),
        (original_change(0, np.ones((3, 1))), "shapes"),
        (original_change(1, np.full((2, 2), np.nan)), "finite"),
        (original_change(5, np.ones((3, 1))), "shapes"),
        (original_change(2, "1"), "out of its domain"),
        (original_change(2, 0), "no covariance"),
        (original_change(3, 3), "no covariance"),
        (original_change(4, -1), "out of its domain"),
        (original_change(4, float("nan")), "out of its domain"),
        (original_content(np.ones((1, 2)), np.array([5]), K=2), "no rows"),
        (
            original_content(np.ones((2, 2)), np.zeros(2), K=1) + original_content(np.ones((2, 3)), np.zeros(2), K=1),
            "different numbers of features",
        ),
    ],
)
def test_lists_that_are_no_original_model(classes, words):
    with pytest.raises(ModelFileError, match=words):
        load(pickle.dumps(classes))


# Damaged and hostile files -------------------------------------------------------------------------------------------


class Command:
    """Unpickles by running a command."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "command",
    [
        Command(os.system, "touch pwned"),
        Command(eval, "open('pwned', 'w')"),
        Command(getattr, "text", "upper"),
        Command(np.save, "pwned.npy", 1),
        Command(np.fromfile, "model.pickle"),
        Command(bytearray, 10**12),
    ],
)
def test_nothing_in_a_file_is_run(command, protocol):
    for content in (command, [command], our_content(weights=command), our_content(extra=command)):
        with pytest.raises(ModelFileError, match=r"model\.pickle is no model.*not allowed"):
            load(pickle.dumps(content, protocol=protocol))
    assert [path.name for path in Path().iterdir()] == ["model.pickle"]


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'touch pwned'\ntR.",
        b"(S'touch pwned'\nios\nsystem\n.",
        b"(cos\nsystem\nS'touch pwned'\no.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0btouch pwned\x85R.",
        b"\x80\x02\x82\x01.",
        b"S'id'\nQ.",
        b"Pid\n.",
    ],
    ids=["global", "inst", "obj", "stack_global", "extension", "binpersid", "persid"],
)
def test_handmade_payloads_are_not_run(data):
    with pytest.raises(ModelFileError, match="not allowed"):
        load(data)
    assert [path.name for path in Path().iterdir()] == ["model.pickle"]


def array_pickle(shape, data, *, code=b"f8", order=b"<"):
    """A pickle of one array, by hand."""
    lengths = b"".join(b"\x8a\x08" + struct.pack("<q", length) for length in shape)
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01(" + lengths + b"tcnumpy\ndtype\nU" + bytes([len(code)]) + code + b"K\x00K\x01\x87R"
        b"(K\x03U\x01" + order + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"T" + struct.pack("<i", len(data)) + data + b"tb."
    )


def test_the_handmade_array_is_one():
    np.testing.assert_array_equal(read_pickle(array_pickle((2, 1), struct.pack("<2d", 1, 2))), [[1.0], [2.0]])


@pytest.mark.parametrize(
    "data",
    [
        array_pickle((2**40,), b"\0" * 8),
        array_pickle((2**62, 4), b""),
        array_pickle((-1,), b"\0" * 8),
        array_pickle((1,) * 100, b"\0" * 8),
        array_pickle((1,), b"\0" * 8, code=b"O8"),
        array_pickle((1,), b"\0" * 8, code=b"V8"),
        array_pickle((1,), b"\0" * 8, code=b"M8"),
        array_pickle((1,), b"\0" * 8, order=b"x"),
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".",
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",
        b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b".",
        b"\x80\x04]r\xff\xff\xff\x7f0.",
        b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b".",
        b"I" + b"9" * 10_000 + b"\n.",
        b"F1e999999999\n" + b"0" * 100 + b".",
    ],
)
def test_sizes_are_checked_before_memory_is_taken(data):
    with pytest.raises(ModelFileError):
        load(data)


def test_an_array_never_changes_the_bytes_of_another():
    array = read_pickle(pickle.dumps(np.arange(3.0), protocol=5))
    assert not array.flags.writeable


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04" + b"(" * 100_000 + b"t" * 100_000 + b".",
        b"\x80\x04)" + b"\x85" * 900_000 + b".",
        b"\x80\x04)" + b"2\x86" * 100 + b".",
        b"\x80\x04}()q\x00" + b"h\x00h\x00\x86q\x00" * 100 + b"K\x01u.",
        b"\x80\x04" + b"]" * 2_000_000 + b".",
        b"\x80\x04]q\x00h\x00a.",
    ],
    ids=["marks", "nesting", "doubling", "hashing", "instructions", "recursion"],
)
def test_bombs_do_not_go_off(data):
    with pytest.raises(ModelFileError):
        load(data)


@pytest.mark.parametrize("content", [our_content(), original_content(np.eye(3), np.arange(3) % 2, K=2)])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_no_beginning_of_a_file_is_a_model(content, protocol):
    data = pickle.dumps(content, protocol=protocol)
    load(data)
    for length in range(len(data)):
        with pytest.raises(pickle.UnpicklingError):
            read_pickle(data[:length])
    for tail in (b"\0", b".", data):
        with pytest.raises(ModelFileError, match="bytes follow its end"):
            load(data + tail)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_damaged_files_are_an_error_or_a_model(protocol):
    generator = random.Random(protocol)
    for content in (our_content(), original_content(np.eye(3), np.arange(3) % 2, K=2)):
        data = pickle.dumps(content, protocol=protocol)
        for _ in range(150):
            damaged = bytearray(data)
            for _ in range(generator.choice([1, 1, 2, 8])):
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
            with contextlib.suppress(ModelFileError):  # most are errors, and the others models
                load(bytes(damaged))
    assert [path.name for path in Path().iterdir()] == ["model.pickle"]


def test_a_file_that_cannot_be_read_is_an_error():
    Path("model.pickle").mkdir()
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_model(Path(), reader="module001_gmm")
