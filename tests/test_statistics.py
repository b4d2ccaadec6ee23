"""SufficientStats: the sums of their definition, additive, portable, and half of an EM iteration."""

import pickle
import struct

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES, DTYPES, em_step, full_covariances, log_terms, random_mixture, rows_of
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp, softmax

import gmm_rs
from gmm_rs import DimensionError, GaussianMixture, NonFiniteError, NotFittedError, ParameterError, SufficientStats

ARRAYS = ("anchors", "zeroth", "first", "second")


def problem(covariance_type, *, n=600, k=3, d=4, seed=0):
    """A mixture, the parameters that it is made of, and rows of another one near it."""
    rng = np.random.default_rng(seed)
    model = random_mixture(rng, k, d, covariance_type=covariance_type)
    rows = rows_of(rng, n, model, covariance_type) + 0.2
    return GaussianMixture.from_parameters(*model, covariance_type), model, rows


def by_definition(X, model, covariance_type, *, sample_weight=None, log_prior=0.0):
    terms = log_terms(X, model, covariance_type) + log_prior
    w = np.ones(len(X)) if sample_weight is None else sample_weight
    resp = softmax(terms, axis=1) * w[:, None]
    z = X[:, None] - model.means
    second = np.einsum("nk,nki,nkj->kij", resp, z, z)
    match covariance_type:
        case "tied":
            second = second.sum(axis=0)
        case "diag" | "spherical":
            second = np.diagonal(second, axis1=1, axis2=2)
    return resp.sum(axis=0), np.einsum("nk,nki->ki", resp, z), second, w @ logsumexp(terms, axis=1)


def assert_equal_stats(found, expected, rtol=0.0):
    for name in ARRAYS:
        assert_allclose(getattr(found, name), getattr(expected, name), rtol=rtol, atol=rtol * len(expected.zeroth))
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=rtol)
    assert (found.covariance_type, found.n_rows) == (expected.covariance_type, expected.n_rows)


# --- from rows ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_from_rows_gives_the_sums_of_the_definition(covariance_type, dtype):
    mixture, model, X = problem(covariance_type)
    X = X.astype(dtype)
    rng = np.random.default_rng(1)
    weights = rng.integers(0, 4, len(X)).astype(float)
    prior = rng.random((len(X), 3))
    log_prior = np.log(prior / prior.max(axis=1, keepdims=True))
    stats = SufficientStats.from_rows(mixture, X, sample_weight=weights, class_prior=prior)
    zeroth, first, second, log_likelihood = by_definition(
        X.astype(np.float64), model, covariance_type, sample_weight=weights, log_prior=log_prior
    )
    tolerance = 1e-9 if dtype == np.float64 else 2e-2
    assert_allclose(stats.zeroth, zeroth, atol=tolerance)
    assert_allclose(stats.first, first, atol=tolerance)
    assert_allclose(stats.second, second, atol=tolerance)
    assert stats.log_likelihood == pytest.approx(log_likelihood, rel=1e-12 if dtype == np.float64 else 1e-5)
    assert stats.total_weight == pytest.approx(weights.sum(), rel=1e-12 if dtype == np.float64 else 1e-6)
    assert stats.n_rows == len(X)
    assert_array_equal(stats.anchors, mixture.means_)
    assert all(getattr(stats, name).dtype == np.float64 for name in ARRAYS)


def test_from_rows_has_the_same_bits_for_any_number_of_threads():
    mixture, _, X = problem("full", n=30_000)
    single = SufficientStats.from_rows(mixture, X, num_threads=1)
    assert_equal_stats(SufficientStats.from_rows(mixture, X, num_threads=3), single)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_far_offsets_lose_nothing(covariance_type):
    _, model, X = problem(covariance_type)
    offset = 2.0**20
    X, means = (X + offset) - offset, (model.means + offset) - offset  # what has these digits there, too
    near = GaussianMixture.from_parameters(model.weights, means, model.covariances, covariance_type)
    far = GaussianMixture.from_parameters(model.weights, means + offset, model.covariances, covariance_type)
    expected = SufficientStats.from_rows(near, X).to_model(1e-6)
    found = SufficientStats.from_rows(far, X + offset).to_model(1e-6)
    assert_allclose(found.means_ - offset, expected.means_, atol=1e-9)
    assert_allclose(found.covariances_, expected.covariances_, rtol=1e-11, atol=1e-12)


# --- to a model ---


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_pieces_add_up_to_one_iteration_of_em(covariance_type):
    mixture, model, X = problem(covariance_type)
    weights = np.random.default_rng(2).random(len(X)) + 0.1
    ridge = np.array([0.0, 0.01, 0.02, 0.03])
    pieces = [
        SufficientStats.from_rows(mixture, X[start : start + 70], sample_weight=weights[start : start + 70])
        for start in range(0, len(X), 70)
    ]
    found = sum(pieces).to_model(ridge)
    expected = em_step(X, model, covariance_type, sample_weight=weights, reg_covar=ridge)
    assert_allclose(found.weights_, expected.weights, rtol=1e-10)
    assert_allclose(found.means_, expected.means, rtol=1e-10)
    assert_allclose(found.covariances_, expected.covariances, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("reg_covar", ["auto", 1e-3])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_it_is_one_iteration_of_a_fit(covariance_type, reg_covar):
    mixture, _, X = problem(covariance_type)
    start = {"weights_init": mixture.weights_, "means_init": mixture.means_, "precisions_init": mixture.precisions_}
    fitted = GaussianMixture(3, covariance_type=covariance_type, reg_covar=reg_covar, max_iter=1, tol=1e9, **start)
    fitted.fit(X)
    found = SufficientStats.from_rows(mixture, X).to_model(reg_covar)
    for name in ("weights_", "means_", "covariances_"):
        assert_allclose(getattr(found, name), getattr(fitted, name), rtol=1e-10, atol=1e-12)


def test_em_over_pieces_converges_to_what_a_fit_finds():
    X = rows_of(np.random.default_rng(3), 900, random_mixture(np.random.default_rng(3), 3, 2), "full")
    start = GaussianMixture(3, max_iter=0, random_state=0).fit(X)
    fitted = GaussianMixture(3, tol=1e-12, max_iter=1000, means_init=start.means_, weights_init=start.weights_,
                             precisions_init=start.precisions_).fit(X)  # fmt: skip
    model = start
    bounds = []
    for _ in range(fitted.n_iter_ + 5):
        total = sum(SufficientStats.from_rows(model, piece) for piece in np.array_split(X, 7))
        bounds.append(total.log_likelihood / total.total_weight)
        model = total.to_model()
    assert (np.diff(bounds) > -1e-7).all()
    assert model.score(X) == pytest.approx(fitted.score(X), abs=1e-8)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_automatic_ridge_is_a_part_of_the_variance_of_all_rows(covariance_type):
    mixture, _, X = problem(covariance_type)
    X = X * [1.0, 10.0, 100.0, 0.1]
    stats = SufficientStats.from_rows(mixture, X)
    ridge = 1e-6 * X.var(axis=0)
    found, expected = stats.to_model("auto"), stats.to_model(ridge)
    assert_allclose(found.covariances_, expected.covariances_, rtol=1e-13)
    assert not np.array_equal(stats.to_model(0.0).covariances_, found.covariances_)


def test_a_model_gets_the_parameters_that_it_shall_have():
    mixture, _, X = problem("diag")
    model = SufficientStats.from_rows(mixture, X).to_model(0.5, max_iter=7, random_state=3)
    assert isinstance(model, GaussianMixture)
    assert (model.n_components, model.covariance_type, model.reg_covar) == (3, "diag", 0.5)
    assert (model.max_iter, model.random_state) == (7, 3)
    assert model.predict(X).shape == (len(X),)
    assert SufficientStats.from_rows(mixture, X).to_model(np.full(4, 0.5)).reg_covar == "auto"


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_model_has_the_statistics_that_lead_to_it(covariance_type):
    mixture, model, _ = problem(covariance_type)
    found = SufficientStats.from_model(mixture).to_model(0.0)
    assert_allclose(found.weights_, model.weights, rtol=1e-13)
    assert_array_equal(found.means_, model.means)
    assert_allclose(found.covariances_, model.covariances, rtol=1e-12, atol=1e-14)


def test_a_component_without_rows_keeps_its_mean():
    mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [1e6]], [1.0, 1.0], "spherical")
    X = np.array([[-1.0], [0.0], [1.0]])
    model = SufficientStats.from_rows(mixture, X).to_model(0.0)
    assert_array_equal(model.means_, [[0.0], [1e6]])
    assert_allclose(model.covariances_, np.full(2, 2 / 3))
    assert_array_equal(model.weights_, [1.0, 0.0])


# --- sums, multiples, anchors ---


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_statistics_of_disjoint_rows_add_up(covariance_type):
    mixture, _, X = problem(covariance_type)
    whole = SufficientStats.from_rows(mixture, X)
    one, two = SufficientStats.from_rows(mixture, X[:100]), SufficientStats.from_rows(mixture, X[100:].astype(float))
    for total in (one + two, one.add(two), sum([one, two]), two + one):
        assert_equal_stats(total, whole, rtol=1e-12)


def test_float32_and_float64_pieces_of_one_model_add_up():
    mixture, _, X = problem("full")
    pieces = [X[:300], X[300:].astype(np.float32)]
    total = sum(SufficientStats.from_rows(mixture, piece) for piece in pieces)
    assert total.total_weight == pytest.approx(len(X), rel=1e-6)


def test_scaled_rows_count_more_often():
    mixture, _, X = problem("tied")
    twice = SufficientStats.from_rows(mixture, X, sample_weight=np.full(len(X), 2.0))
    assert_equal_stats(SufficientStats.from_rows(mixture, X).scaled(2), twice, rtol=1e-14)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_about_other_anchors_the_sums_are_those_about_them(covariance_type):
    mixture, model, X = problem(covariance_type)
    anchors = model.means + np.random.default_rng(4).normal(size=model.means.shape)
    found = SufficientStats.from_rows(mixture, X).about(anchors)
    resp = softmax(log_terms(X, model, covariance_type), axis=1)
    z = X[:, None] - anchors
    second = np.einsum("nk,nki,nkj->kij", resp, z, z)
    if covariance_type == "tied":
        second = second.sum(axis=0)
    elif covariance_type != "full":
        second = np.diagonal(second, axis1=1, axis2=2)
    assert_array_equal(found.anchors, anchors)
    assert_allclose(found.first, np.einsum("nk,nki->ki", resp, z), atol=1e-9)
    assert_allclose(found.second, second, atol=1e-9)
    back = found.to_model(0.0)
    assert_allclose(back.covariances_, SufficientStats.from_rows(mixture, X).to_model(0.0).covariances_, atol=1e-12)


def test_what_differs_is_no_sum():
    mixture, model, X = problem("full")
    stats = SufficientStats.from_rows(mixture, X)
    moved = GaussianMixture.from_parameters(model.weights, model.means + np.eye(3, 4, -1), model.covariances)
    with pytest.raises(ParameterError, match=r"different anchors cannot be added: that of component 1 is"):
        stats + SufficientStats.from_rows(moved, X)
    other, _, _ = problem("diag")
    with pytest.raises(ParameterError, match="covariance_type 'full' and 'diag' cannot be added"):
        stats + SufficientStats.from_rows(other, X)
    fewer, _, _ = problem("full", k=2)
    with pytest.raises(DimensionError, match=r"shapes \(3, 4\) and \(2, 4\) cannot be added"):
        stats.add(SufficientStats.from_rows(fewer, X))
    with pytest.raises(ParameterError, match="only SufficientStats can be added"):
        stats.add(3)
    for value in (3, None, "x"):
        with pytest.raises(TypeError):
            stats + value
        with pytest.raises(TypeError):
            value + stats


# --- as bytes ---


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize(("k", "d"), [(3, 4), (1, 1), (1, 3), (3, 1)])
def test_bytes_and_pickles_keep_every_bit(covariance_type, k, d):
    mixture, _, X = problem(covariance_type, k=k, d=d)
    stats = SufficientStats.from_rows(mixture, X)
    data = stats.to_bytes()
    triangle = d * (d + 1) // 2
    n_second = {"full": k * triangle, "tied": triangle}.get(covariance_type, k * d)
    assert len(data) == 36 + 8 * (2 * k * d + k + n_second)
    for copied in (SufficientStats.from_bytes(data), pickle.loads(pickle.dumps(stats))):
        assert_equal_stats(copied, stats)
        assert copied.to_bytes() == data
    assert_equal_stats(SufficientStats.from_bytes(memoryview(data)), stats)


def test_bytes_that_are_something_else_are_refused():
    mixture, _, X = problem("full")
    data = SufficientStats.from_rows(mixture, X).to_bytes()
    huge = data[:12] + struct.pack("<II", 2**32 - 1, 2**32 - 1) + data[20:]
    cases = {
        "are not from SufficientStats": [b"", b"GMMSTATS", b"x" * 100, pickle.dumps(1)],
        "cut off or damaged": [data[:-1], data + b"\0", data[:36], huge],
        "are of version 2": [data[:8] + b"\2\0" + data[10:]],
        "the header of the bytes is damaged": [data[:10] + b"\4\0" + data[12:], data[:12] + bytes(8) + data[20:]],
        "must be finite": [data[:-8] + struct.pack("<d", np.nan)],
        "must not be negative": [data[: 36 + 96] + struct.pack("<d", -1.0) + data[36 + 104 :]],
        "log_likelihood must be a finite number": [data[:28] + struct.pack("<d", np.inf) + data[36:]],
    }
    for message, contents in cases.items():
        for content in contents:
            with pytest.raises(ParameterError, match=message):
                SufficientStats.from_bytes(content)
    with pytest.raises(ParameterError, match="but str was given"):
        SufficientStats.from_bytes("GMMSTATS")


# --- bad input ---


def test_bad_rows_are_refused():
    mixture, _, X = problem("full")
    with pytest.raises(NotFittedError):
        SufficientStats.from_rows(GaussianMixture(3), X)
    with pytest.raises(ParameterError, match=r"model must be a gmm_rs\.GaussianMixture, but is 3"):
        SufficientStats.from_rows(3, X)
    with pytest.raises(DimensionError, match="X has 3 features, but GaussianMixture is expecting 4"):
        SufficientStats.from_rows(mixture, X[:, :3])
    with pytest.raises(DimensionError, match="sample_weight must have shape"):
        SufficientStats.from_rows(mixture, X, sample_weight=[1.0, 2.0])
    with pytest.raises(ParameterError, match="zero for every row"):
        SufficientStats.from_rows(mixture, X, sample_weight=np.zeros(len(X)))
    with pytest.raises(DimensionError, match="class_prior must have shape"):
        SufficientStats.from_rows(mixture, X, class_prior=np.ones((len(X), 2)))
    with pytest.raises(ParameterError, match="num_threads"):
        SufficientStats.from_rows(mixture, X, num_threads=0)
    with pytest.raises(ParameterError, match="so far from the mixture"):
        SufficientStats.from_rows(mixture, X * 1e200)
    X[5, 1] = np.nan
    with pytest.raises(NonFiniteError, match="row 5, column 1"):
        SufficientStats.from_rows(mixture, X)


def test_bad_arguments_are_refused():
    mixture, _, X = problem("full")
    stats = SufficientStats.from_rows(mixture, X)
    for reg_covar in (-1.0, np.nan, "none", [1.0, -1.0, 0.0, 0.0], [np.inf] * 4):
        with pytest.raises(ParameterError, match="reg_covar"):
            stats.to_model(reg_covar)
    with pytest.raises(DimensionError, match=r"reg_covar must have the shape \(4,\), but have \(3,\)"):
        stats.to_model([1.0, 1.0, 1.0])
    with pytest.raises(ParameterError, match="Invalid parameter 'iterations'"):
        stats.to_model(iterations=3)
    with pytest.raises(ParameterError, match="add the statistics of rows first"):
        stats.scaled(0.0).to_model()
    for factor in (-1.0, np.nan, "2"):
        with pytest.raises(ParameterError, match="factor must be a finite number"):
            stats.scaled(factor)
    with pytest.raises(DimensionError, match=r"anchors must have the shape \(3, 4\)"):
        stats.about(np.zeros((2, 4)))
    with pytest.raises(ParameterError, match="anchors must be finite"):
        stats.about(np.full((3, 4), np.nan))
    with pytest.raises(gmm_rs.DegenerateCovarianceError, match="component"):
        SufficientStats.from_rows(mixture, np.zeros((5, 4))).to_model(0.0)


def test_parts_that_do_not_fit_are_refused():
    good = {
        "covariance_type": "diag",
        "anchors": np.zeros((2, 3)),
        "zeroth": np.ones(2),
        "first": np.zeros((2, 3)),
        "second": np.ones((2, 3)),
        "log_likelihood": -1.0,
        "n_rows": 2,
    }
    SufficientStats(**good)
    bad = {
        "covariance_type": "round",
        "anchors": np.zeros(3),
        "zeroth": [1.0, -1.0],
        "first": np.zeros((3, 2)),
        "second": np.full((2, 3), np.inf),
        "log_likelihood": "high",
        "n_rows": -1,
    }
    for name, value in bad.items():
        with pytest.raises((ParameterError, DimensionError), match=name):
            SufficientStats(**(good | {name: value}))


def test_arrays_are_copies_that_cannot_be_changed():
    mixture, _, X = problem("full")
    before = mixture.means_.copy()
    stats = SufficientStats.from_rows(mixture, X)
    with pytest.raises(ValueError, match="read-only"):
        stats.anchors[0, 0] = 1.0
    mixture.means_ += 1.0
    assert_array_equal(stats.anchors, before)


def test_matrices_of_the_reference_are_those_of_the_model():
    # The reference above reads covariances of any type as matrices; so must the model.
    for covariance_type in COVARIANCE_TYPES:
        mixture, model, X = problem(covariance_type)
        matrices = full_covariances(model.covariances, covariance_type, 3, 4)
        full = GaussianMixture.from_parameters(model.weights, model.means, matrices)
        found = SufficientStats.from_rows(mixture, X)
        assert_allclose(found.zeroth, SufficientStats.from_rows(full, X).zeroth, rtol=1e-10)
