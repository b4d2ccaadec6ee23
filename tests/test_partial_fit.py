"""partial_fit: stepwise EM, against its formulas in plain NumPy, and what it is for."""

import pickle

import numpy as np
import pandas as pd
import pytest
from mixtures import (
    COVARIANCE_TYPES,
    DTYPES,
    Parameters,
    em_step,
    full_covariances,
    log_terms,
    parameters_of,
    random_mixture,
    rows_of,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp, softmax
from sklearn.base import clone

from gmm_rs import ConvergenceWarning, DimensionError, GaussianMixture, NonFiniteError, ParameterError, SufficientStats

RIDGE = 1e-3


def stream(covariance_type="full", *, n=2000, k=3, d=3, seed=0):
    """Rows of a mixture, and the mixture."""
    rng = np.random.default_rng(seed)
    model = random_mixture(rng, k, d, covariance_type=covariance_type)
    return rows_of(rng, n, model, covariance_type), model


def raw_moments(X, model, covariance_type, w):
    """Sums over rows of r, r x and r x xᵀ, for a weight of 1, and the mean log-likelihood."""
    terms = log_terms(X, model, covariance_type)
    resp = softmax(terms, axis=1) * w[:, None] / w.sum()
    moments = resp.sum(axis=0), resp.T @ X, np.einsum("nk,ni,nj->kij", resp, X, X)
    return moments, w @ logsumexp(terms, axis=1) / w.sum()


def mixture_from(moments, covariance_type, ridge):
    """The M-step, by E[x xᵀ] − mean meanᵀ: good enough for rows near the origin."""
    s0, s1, s2 = moments
    means = s1 / s0[:, None]
    scatter = s2 - s0[:, None, None] * np.einsum("ki,kj->kij", means, means)
    if covariance_type == "tied":
        return Parameters(s0 / s0.sum(), means, scatter.sum(axis=0) / s0.sum() + ridge * np.eye(means.shape[1]))
    covariances = scatter / s0[:, None, None] + ridge * np.eye(means.shape[1])
    if covariance_type in ("diag", "spherical"):
        covariances = np.diagonal(covariances, axis1=1, axis2=2)
    if covariance_type == "spherical":
        covariances = covariances.mean(axis=1)
    return Parameters(s0 / s0.sum(), means, covariances)


# --- the formulas ---


@pytest.mark.parametrize(("decay", "offset"), [(0.7, 1.0), (1.0, 1.0), (0.5, 20.0), (0.0, 0.0)])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_steps_are_those_of_the_formulas(covariance_type, decay, offset):
    X, model = stream(covariance_type)
    mixture = GaussianMixture.from_parameters(*model, covariance_type)
    mixture.set_params(reg_covar=RIDGE, learning_decay=decay, learning_offset=offset)
    matrices = full_covariances(model.covariances, covariance_type, *model.means.shape)
    outer = np.einsum("ki,kj->kij", model.means, model.means)
    known = model.weights, model.weights[:, None] * model.means, model.weights[:, None, None] * (matrices + outer)
    rng = np.random.default_rng(1)
    for t, piece in enumerate(np.array_split(X, 12), start=1):
        w = rng.random(len(piece)) + 0.1
        moments, score = raw_moments(piece, model, covariance_type, w)
        eta = (t + offset) ** -decay
        known = tuple((1 - eta) * old + eta * new for old, new in zip(known, moments, strict=True))
        model = mixture_from(known, covariance_type, RIDGE)
        assert mixture.partial_fit(piece, sample_weight=w) is mixture
        for found, expected in zip(parameters_of(mixture), model, strict=True):
            assert_allclose(found, expected, rtol=1e-8, atol=1e-8)
        assert mixture.lower_bound_ == pytest.approx(score, rel=1e-9)
        assert mixture.n_steps_ == t
    statistics = mixture.statistics_
    assert_array_equal(statistics.anchors, mixture.means_)
    assert_allclose(statistics.first, 0.0, atol=1e-12)
    assert statistics.total_weight == pytest.approx(1.0)
    assert statistics.n_rows == len(X)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_step_of_size_one_on_all_rows_is_an_iteration_of_em(covariance_type):
    X, model = stream(covariance_type)
    mixture = GaussianMixture.from_parameters(*model, covariance_type).set_params(reg_covar=RIDGE, learning_decay=0.0)
    for _ in range(3):
        model = em_step(X, model, covariance_type, reg_covar=RIDGE)
        mixture.partial_fit(X)
        for found, expected in zip(parameters_of(mixture), model, strict=True):
            assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_decay_and_offset_of_one_give_all_pieces_the_same_influence():
    X, _ = stream(k=1)
    mixture = GaussianMixture(reg_covar=0.0, learning_decay=1.0, learning_offset=1.0)
    for piece in np.array_split(X, 10):
        mixture.partial_fit(piece)
    # One component: the steps don't depend on how good its parameters were.
    assert_allclose(mixture.means_[0], X.mean(axis=0), rtol=1e-12)
    assert_allclose(mixture.covariances_[0], np.cov(X.T, bias=True), rtol=1e-12)


# --- what it is for ---


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_stationary_rows_in_100_pieces_reach_the_likelihood_of_a_fit(covariance_type):
    X, _ = stream(covariance_type, n=20_000)
    fitted = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    mixture = GaussianMixture(3, covariance_type=covariance_type, random_state=0, tol=1e-2)
    first = None
    for piece in np.array_split(X, 100):
        mixture.partial_fit(piece)
        first = mixture.score(X) if first is None else first
    assert mixture.score(X) > fitted.score(X) - 0.005
    assert first < fitted.score(X) - 0.005


def test_drifting_rows_are_followed():
    rng = np.random.default_rng(0)
    slow, fast = (
        GaussianMixture(2, random_state=0, learning_decay=decay, learning_offset=offset, covariance_type="diag")
        for decay, offset in ((1.0, 1.0), (0.3, 1000.0))
    )
    for t in range(300):
        centres = np.array([[0.05 * t, 0.0], [10.0 + 0.05 * t, 10.0]])
        piece = centres[rng.integers(2, size=100)] + rng.normal(size=(100, 2))
        slow.partial_fit(piece)
        fast.partial_fit(piece)
    nearest = fast.means_[fast.means_[:, 1].argsort()]
    # A constant step η lags behind by (1 − η)/η pieces, here about 8 of 0.05.
    assert_allclose(nearest, centres - [0.4, 0.0], atol=0.3)
    assert fast.score(piece) > slow.score(piece) + 0.5


def test_far_offsets_lose_nothing():
    X, _ = stream(n=1000)
    X = (X + 2.0**26) - 2.0**26
    near, far = (GaussianMixture(3, random_state=0, reg_covar=RIDGE) for _ in range(2))
    near.fit(X[:200])
    far = GaussianMixture.from_parameters(near.weights_, near.means_ + 2.0**26, near.covariances_)
    near = GaussianMixture.from_parameters(near.weights_, far.means_ - 2.0**26, near.covariances_)
    for piece in np.array_split(X, 20):
        near.partial_fit(piece)
        far.partial_fit(piece + 2.0**26)
    assert_allclose(far.means_ - 2.0**26, near.means_, atol=1e-6)
    assert_allclose(far.covariances_, near.covariances_, rtol=1e-6, atol=1e-7)


# --- beginnings ---


def test_the_first_piece_is_fitted():
    X, _ = stream()
    options = {"n_components": 3, "random_state": 0, "n_init": 2}
    fitted, mixture = GaussianMixture(**options).fit(X), GaussianMixture(**options).partial_fit(X)
    for name in ("weights_", "means_", "covariances_", "lower_bound_", "n_iter_", "restarts_"):
        assert_array_equal(getattr(mixture, name), getattr(fitted, name))
    assert mixture.n_steps_ == 0
    assert_allclose(mixture.statistics_.zeroth, mixture.predict_proba(X).mean(axis=0), rtol=1e-10)


def test_weights_and_priors_count_from_the_first_piece_on():
    X, _ = stream(n=300)
    counts = np.random.default_rng(0).integers(1, 3, len(X))
    prior = np.random.default_rng(1).random((len(X), 3))
    options = {"weights_init": np.full(3, 1 / 3), "means_init": X[:3], "precisions_init": np.stack([np.eye(3)] * 3)}
    weighted, repeated = (GaussianMixture(3, reg_covar=RIDGE, tol=1e-2, **options) for _ in range(2))
    for rows in (slice(0, 150), slice(150, 300)):
        weighted.partial_fit(X[rows], sample_weight=counts[rows], class_prior=prior[rows])
        repeated.partial_fit(
            np.repeat(X[rows], counts[rows], axis=0), class_prior=np.repeat(prior[rows], counts[rows], axis=0)
        )
    assert_allclose(weighted.means_, repeated.means_, rtol=1e-9)
    assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-8, atol=1e-9)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, rel=1e-9)


def test_after_a_fit_the_mixture_counts_as_what_came_before():
    X, _ = stream()
    mixture = GaussianMixture(3, random_state=0, reg_covar=0.0).fit(X)
    before = SufficientStats.from_model(mixture)
    piece = SufficientStats.from_rows(mixture, X[:100])
    mixture.partial_fit(X[:100])
    eta = 2.0**-0.7
    expected = (before.scaled(1 - eta) + piece.scaled(eta / 100)).to_model(0.0)
    assert_allclose(mixture.means_, expected.means_, rtol=1e-12)
    assert_allclose(mixture.covariances_, expected.covariances_, rtol=1e-12)
    assert mixture.n_steps_ == 1
    mixture.fit(X)
    assert not hasattr(mixture, "statistics_")
    assert not hasattr(mixture, "n_steps_")


def test_parameters_set_by_hand_are_those_that_the_next_step_begins_with():
    X, _ = stream()
    mixture = GaussianMixture(3, random_state=0, learning_decay=0.0, reg_covar=0.0).partial_fit(X[:500])
    mixture.means_ = mixture.means_ + 0.1
    expected = em_step(X[500:], parameters_of(mixture), reg_covar=0.0)
    mixture.partial_fit(X[500:])
    assert_allclose(mixture.means_, expected.means, rtol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_keep_the_dtype_of_the_first_piece(dtype):
    X, _ = stream()
    mixture = GaussianMixture(3, random_state=0).partial_fit(X[:1000].astype(dtype))
    for other in DTYPES:
        mixture.partial_fit(X[1000:].astype(other))
    assert {getattr(mixture, f"{name}_").dtype for name in ("weights", "means", "covariances", "precisions")} == {
        np.dtype(dtype)
    }
    assert mixture.score(X) == pytest.approx(GaussianMixture(3, random_state=0).fit(X).score(X), abs=0.05)


# --- as an estimator ---


def test_pickles_go_on_and_clones_begin_anew():
    X, _ = stream()
    mixture = GaussianMixture(3, random_state=0, learning_decay=0.6, learning_offset=3.0).partial_fit(X[:500])
    mixture.partial_fit(X[500:1000])
    copied = pickle.loads(pickle.dumps(mixture)).partial_fit(X[1000:])
    mixture.partial_fit(X[1000:])
    assert_array_equal(copied.means_, mixture.means_)
    assert copied.n_steps_ == 2
    assert not hasattr(clone(mixture), "statistics_")
    assert clone(mixture).get_params() == mixture.get_params()


def test_files_keep_the_mixture_and_not_what_it_came_from(tmp_path):
    X, _ = stream()
    mixture = GaussianMixture(3, random_state=0, learning_offset=3.0).partial_fit(X[:1000]).partial_fit(X[1000:])
    mixture.save(tmp_path / "mixture.npz")
    loaded = GaussianMixture.load(tmp_path / "mixture.npz")
    assert not hasattr(loaded, "statistics_")
    assert loaded.learning_offset == 3.0
    expected = GaussianMixture.from_parameters(*parameters_of(mixture)).set_params(learning_offset=3.0)
    assert_array_equal(loaded.partial_fit(X).means_, expected.partial_fit(X).means_)


def test_names_of_columns_are_those_of_the_first_piece():
    X, _ = stream()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    mixture = GaussianMixture(3, random_state=0).partial_fit(frame)
    assert mixture.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ParameterError, match="feature names should match"):
        mixture.partial_fit(frame[["b", "a", "c"]])


def test_meta_estimators_can_be_told_to_pass_on_weights_and_priors():
    mixture = GaussianMixture(3).set_partial_fit_request(sample_weight=True, class_prior="labels")
    requests = clone(mixture).get_metadata_routing().partial_fit.requests
    assert requests == {"sample_weight": True, "class_prior": "labels"}
    assert GaussianMixture().get_metadata_routing().partial_fit.requests == {"sample_weight": None, "class_prior": None}


# --- bad input ---


def test_a_first_piece_that_is_too_small_is_refused():
    X, _ = stream()
    with pytest.raises(DimensionError, match=r"first piece of partial_fit has 2 sample\(s\), but 3 are needed"):
        GaussianMixture(3).partial_fit(X[:2])
    with pytest.raises(DimensionError, match=r"has 1 sample\(s\), but 2 are needed"):
        GaussianMixture(1).partial_fit(X[:1])
    mixture = GaussianMixture(3, random_state=0).partial_fit(X)
    assert mixture.partial_fit(X[:1]).n_steps_ == 1  # later ones may be


def test_a_piece_that_is_refused_leaves_the_mixture_as_it_was():
    X, _ = stream()
    mixture = GaussianMixture(3, random_state=0).partial_fit(X[:1000]).partial_fit(X[1000:])
    before = pickle.dumps(mixture)
    broken = X.copy()
    broken[7, 2] = np.inf
    with pytest.raises(NonFiniteError, match="row 7, column 2"):
        mixture.partial_fit(broken)
    with pytest.raises(DimensionError, match="X has 2 features, but GaussianMixture is expecting 3"):
        mixture.partial_fit(X[:, :2])
    with pytest.raises(ParameterError, match="zero for every row"):
        mixture.partial_fit(X, sample_weight=np.zeros(len(X)))
    assert pickle.dumps(mixture) == before


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("learning_decay", -0.1, "learning_decay must be a finite number of at least 0"),
        ("learning_decay", 1.1, "learning_decay must be a number from 0 to 1, but is 1.1"),
        ("learning_decay", "0.7", "learning_decay must be a finite number"),
        ("learning_offset", -1.0, "learning_offset must be a finite number of at least 0"),
        ("learning_offset", np.inf, "learning_offset must be a finite number"),
        ("n_components", 4, r"goes on from 3 components .* but n_components is 4"),
        ("covariance_type", "tied", r"covariances of shape \(3, 3, 3\), but .* covariance_type 'tied' now"),
        ("reg_covar", -1.0, "reg_covar must be"),
    ],
)
def test_parameters_out_of_their_domain_are_refused(name, value, message):
    X, _ = stream()
    mixture = GaussianMixture(3, random_state=0).partial_fit(X).set_params(**{name: value})
    with pytest.raises(ParameterError, match=message):
        mixture.partial_fit(X)


def test_a_first_fit_that_does_not_converge_warns_at_the_call():
    X, _ = stream()
    with pytest.warns(ConvergenceWarning) as warned:
        GaussianMixture(3, random_state=0, max_iter=1, tol=0.0).partial_fit(X)
    assert warned[0].filename == __file__
