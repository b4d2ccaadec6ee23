"""What GaussianMixture does that scikit-learn's class doesn't: weights, priors, starts, stops, robustness, criteria."""

import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES, Parameters, log_terms, parameters_of, round_covariances
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from sklearn import datasets
from sklearn.metrics import adjusted_rand_score

from gmm_rs import ConvergenceWarning, GaussianMixture
from gmm_rs.mixture import ConditionalMixtures, Restart

IRIS = datasets.load_iris()
X, SPECIES = IRIS.data, IRIS.target


@pytest.fixture(scope="module")
def mixture():
    return GaussianMixture(3, random_state=0).fit(X)


# --- weights and priors of rows ---


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_weights_count_rows(covariance_type):
    counts = np.random.default_rng(0).integers(0, 3, len(X))
    options = {"covariance_type": covariance_type, "means_init": X[[0, 60, 120]], "weights_init": np.full(3, 1 / 3)}
    precisions = round_covariances(covariance_type, 3, 4)  # of variance 1
    options |= {"precisions_init": precisions, "reg_covar": 1e-6, "tol": 1e-5, "max_iter": 300}
    weighted = GaussianMixture(3, **options).fit(X, sample_weight=counts)
    repeated = GaussianMixture(3, **options).fit(np.repeat(X, counts, axis=0))
    for name in ("weights_", "means_", "covariances_", "lower_bound_"):
        assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-7)
    for name in ("score", "aic", "bic", "icl"):
        found = getattr(weighted, name)(X, sample_weight=counts)
        assert_allclose(found, getattr(weighted, name)(np.repeat(X, counts, axis=0)), rtol=1e-12)


def test_uniform_weights_and_priors_equal_none():
    plain = GaussianMixture(3, random_state=0).fit(X)
    knowledge = {"sample_weight": np.ones(len(X)), "class_prior": np.outer(np.arange(1, 151), np.ones(3))}
    told = GaussianMixture(3, random_state=0).fit(X, **knowledge)
    assert_allclose(told.means_, plain.means_, rtol=1e-12)
    for name in ("score", "aic", "bic", "icl"):
        assert getattr(plain, name)(X, **knowledge) == pytest.approx(getattr(plain, name)(X), rel=1e-14)
    prior = knowledge["class_prior"]
    for name in ("predict", "predict_proba", "predict_log_proba", "score_samples"):
        assert_array_equal(getattr(plain, name)(X, class_prior=prior), getattr(plain, name)(X))


def test_class_prior_multiplies_the_responsibilities(mixture):
    prior = np.random.default_rng(0).random((len(X), 3))
    prior[::7, 1] = 0.0
    with np.errstate(divide="ignore"):
        terms = log_terms(X, parameters_of(mixture)) + np.log(prior / prior.max(axis=1, keepdims=True))
    scores = logsumexp(terms, axis=1)
    for scale in (1.0, np.linspace(1e-300, 1e300, len(X))[:, None]):
        assert_allclose(mixture.predict_proba(X, class_prior=prior * scale), np.exp(terms.T - scores).T, atol=1e-9)
        assert_allclose(mixture.predict_log_proba(X, class_prior=prior * scale), (terms.T - scores).T, atol=1e-9)
        assert_allclose(mixture.score_samples(X, class_prior=prior * scale), scores, atol=1e-9)
        assert_array_equal(mixture.predict(X, class_prior=prior * scale), terms.argmax(axis=1))
    assert mixture.score(X, class_prior=prior) == pytest.approx(scores.mean())


def test_one_hot_priors_are_labels():
    labels = np.eye(3)[SPECIES]
    fitted = GaussianMixture(3, reg_covar=0.0, random_state=0).fit(X, class_prior=labels)
    for k in range(3):
        rows = X[k == SPECIES]
        assert_allclose(fitted.means_[k], rows.mean(axis=0), rtol=1e-12)
        assert_allclose(fitted.covariances_[k], np.cov(rows.T, bias=True), rtol=1e-9, atol=1e-12)
    assert_array_equal(fitted.predict(X, class_prior=labels), SPECIES)
    assert fitted.lower_bound_ == pytest.approx(fitted.score(X, class_prior=labels))


def test_few_labels_name_the_components():
    prior = np.ones((len(X), 3))
    for k in range(3):
        prior[np.flatnonzero(k == SPECIES)[:5]] = np.eye(3)[[2, 0, 1][k]]
    fitted = GaussianMixture(3, n_init=10, random_state=0).fit(X, class_prior=prior)
    assert np.mean(fitted.predict(X) == np.array([2, 0, 1])[SPECIES]) > 0.9


# --- criteria and densities ---


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_lower_bound_is_that_of_the_returned_parameters(covariance_type):
    with pytest.warns(ConvergenceWarning):
        fitted = GaussianMixture(3, covariance_type=covariance_type, max_iter=2, random_state=0, tol=0).fit(X)
    assert fitted.lower_bound_ == fitted.lower_bounds_[-1]
    assert fitted.lower_bound_ == pytest.approx(fitted.score(X), rel=1e-12)


def test_densities_and_criteria_against_scipy(mixture):
    terms = log_terms(X, parameters_of(mixture))
    scores = logsumexp(terms, axis=1)
    log_resp = terms - scores[:, None]
    assert_allclose(mixture.score_samples(X), scores, rtol=1e-10)
    assert_allclose(mixture.predict_log_proba(X), log_resp, rtol=1e-9, atol=1e-9)
    assert mixture.predict_log_proba(10 * X).min() < -800  # where the probability itself is 0
    assert mixture.n_parameters_ == 2 + 12 + 30
    assert mixture.aic(X) == pytest.approx(-2 * scores.sum() + 2 * 44)
    assert mixture.bic(X) == pytest.approx(-2 * scores.sum() + 44 * np.log(150))
    entropy = -(np.exp(log_resp) * log_resp).sum()
    assert mixture.icl(X) == pytest.approx(mixture.bic(X) + 2 * entropy)


def test_hand_set_parameters_are_used():
    by_hand = GaussianMixture(2)
    by_hand.weights_, by_hand.means_ = np.array([0.5, 0.5]), np.array([[0.0], [4.0]])
    by_hand.precisions_cholesky_ = np.array([[[2.0]], [[0.5]]])
    rows = np.array([[1.0], [3.0]])
    expected = log_terms(rows, Parameters(by_hand.weights_, by_hand.means_, np.array([[[0.25]], [[4.0]]])))
    assert_allclose(by_hand.score_samples(rows), logsumexp(expected, axis=1))


def test_samples_have_a_seed_of_their_own(mixture):
    first, labels = mixture.sample(2000, random_state=1)
    assert_array_equal(first, mixture.sample(2000, random_state=1)[0])
    assert not np.array_equal(first, mixture.sample(2000, random_state=2)[0])
    assert_array_equal(mixture.sample(5)[0], mixture.sample(5)[0])  # the estimator's own seed, as in scikit-learn
    generator = np.random.default_rng(0)
    draws = [GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], "spherical") for _ in range(2)]
    assert not np.array_equal(*(draw.set_params(random_state=generator).sample(5)[0] for draw in draws))
    for k in range(3):
        errors = np.abs(first[labels == k].mean(axis=0) - mixture.means_[k])
        assert (errors < 5 * np.sqrt(np.diag(mixture.covariances_[k]) / np.sum(labels == k))).all()


def test_mixtures_as_distributions(mixture):
    given = X[:4, [2, 0]]
    mixtures = mixture.conditional([2, 0], given)
    assert isinstance(mixtures, ConditionalMixtures)
    rest = X[:4, [1, 3]]
    joint, marginal = mixture.score_samples(X[:4]), mixture.marginal([2, 0]).score_samples(given)
    found = [one.score_samples(rest[n : n + 1])[0] for n, one in enumerate(mixtures)]
    assert_allclose(found, joint - marginal, rtol=1e-9)
    assert_allclose(mixture.conditional([2, 0], given[0]).means_, mixtures[0].means_)
    means, covariances = mixture.predict_conditional_mean([2, 0], given, return_cov=True)
    assert_allclose(means, mixtures.mean(), rtol=1e-12)
    assert_allclose(covariances, mixtures.covariance(), rtol=1e-9, atol=1e-12)
    assert_allclose(mixture.predict_conditional_mean([2, 0], given[0]), means[0])


# --- starts ---


def test_labels_and_responsibilities_as_starts():
    one_hot = np.eye(3)[SPECIES]
    options = {"max_iter": 0, "reg_covar": 0.0}
    for start in (SPECIES, SPECIES.astype(float), one_hot, lambda X, n_components, random_state: SPECIES):
        fitted = GaussianMixture(3, init_params=start, **options).fit(X)
        assert_allclose(fitted.means_, [X[k == SPECIES].mean(axis=0) for k in range(3)], rtol=1e-12)
    soft = np.random.default_rng(0).dirichlet(np.ones(3), len(X))
    fitted = GaussianMixture(3, init_params=soft, **options).fit(X)
    assert_allclose(fitted.means_, soft.T @ X / soft.sum(axis=0)[:, None], rtol=1e-12)


def test_a_function_makes_each_start_anew():
    calls = []

    def start(X, n_components, random_state):
        calls.append((X.shape, n_components))
        return random_state.randint(n_components, size=len(X))

    options = {"init_params": start, "n_init": 4, "random_state": 3, "max_iter": 500}
    fitted = GaussianMixture(2, **options).fit(X)
    assert calls == [((150, 4), 2)] * 4
    assert len({restart.lower_bound for restart in fitted.restarts_}) > 1
    assert_array_equal(fitted.means_, GaussianMixture(2, **options).fit(X).means_)


@pytest.mark.parametrize("kind", ["kmeans", "k-means++", "random", "random_from_data", "short-em"])
def test_every_kind_of_start_depends_on_the_seed_only(kind):
    options = {"init_params": kind, "n_init": 3, "max_iter": 1000}
    fitted = GaussianMixture(3, random_state=0, **options).fit(X)
    assert_array_equal(fitted.means_, GaussianMixture(3, random_state=0, **options).fit(X).means_)
    assert fitted.lower_bound_ > -1.5


def test_default_start_is_safe_for_anisotropic_data():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=600)
    rows = np.column_stack([rng.normal(0, 1000, 600), rng.normal(0, 0.1, 600) + labels])
    assert adjusted_rand_score(labels, GaussianMixture(2, random_state=0).fit_predict(rows)) > 0.9


def test_initial_parameters_take_the_place_of_parts_of_a_start():
    means, weights = X[[0, 60, 120]], np.array([0.2, 0.3, 0.5])
    options = {"max_iter": 0, "random_state": 0}
    plain = GaussianMixture(3, **options).fit(X)
    placed = GaussianMixture(3, means_init=means, weights_init=weights, **options).fit(X)
    assert_array_equal(placed.means_, means)
    assert_allclose(placed.weights_, weights, rtol=1e-15)
    assert_allclose(placed.covariances_, plain.covariances_, rtol=1e-12)
    precisions = np.stack([np.diag([1.0, 2.0, 3.0, k]) for k in (1.0, 2.0, 3.0)])
    placed = GaussianMixture(3, precisions_init=precisions, **options).fit(X)
    assert_allclose(placed.precisions_, precisions, rtol=1e-12)
    # The clusters are those of `plain`, with the numbers of the precisions that theirs are like.
    assert_allclose(np.sort(placed.means_, axis=0), np.sort(plain.means_, axis=0), rtol=1e-12)
    placed = GaussianMixture(3, precisions_init=plain.precisions_[[2, 0, 1]], **options).fit(X)
    assert_allclose(placed.means_, plain.means_[[2, 0, 1]], rtol=1e-12)


def test_warm_start_goes_on():
    whole = GaussianMixture(3, random_state=0, max_iter=20, tol=0)
    halves = GaussianMixture(3, random_state=0, max_iter=10, tol=0, warm_start=True)
    with pytest.warns(ConvergenceWarning):
        whole.fit(X)
    for _ in range(2):
        with pytest.warns(ConvergenceWarning):
            halves.fit(X)
    assert_allclose(halves.means_, whole.means_, rtol=1e-9)
    with pytest.raises(ValueError, match=r"'weights' should have the shape of \(2,\)"):
        halves.set_params(n_components=2).fit(X)


# --- stops, restarts, reports ---


def test_restarts_are_reported():
    fitted = GaussianMixture(3, n_init=5, random_state=0, max_iter=1000).fit(X)
    assert len(fitted.restarts_) == 5
    assert all(isinstance(restart, Restart) for restart in fitted.restarts_)
    best = max(fitted.restarts_, key=lambda restart: (restart.failure is None, restart.lower_bound))
    assert (best.lower_bound, best.n_iter, best.converged) == (fitted.lower_bound_, fitted.n_iter_, True)
    assert best.log_likelihood == pytest.approx(150 * fitted.score(X))


@pytest.mark.parametrize(
    ("data", "covariance_type", "n_components", "log_likelihood"),
    [
        ("iris", "full", 2, -214.3547),
        ("iris", "full", 3, -180.1855),
        ("iris", "tied", 3, -256.3540),
        ("iris", "diag", 3, -306.8605),
        ("iris", "spherical", 3, -384.3141),
        ("old_faithful", "tied", 3, -1126.3159),
        ("old_faithful", "full", 2, -1130.2640),
        ("old_faithful", "diag", 2, -1147.8064),
        ("wine", "tied", 3, -3171.229),  # -3170.582 is found, a little above the published one
        ("wine", "diag", 3, -3294.262),
    ],
)
def test_published_optima_are_reached(data, covariance_type, n_components, log_likelihood):
    # Eruptions and waiting times of the Old Faithful geyser, in minutes (Azzalini & Bowman 1990).
    path = Path(__file__).parent / "data" / f"{data}.csv"
    rows = np.loadtxt(path, delimiter=",") if path.exists() else getattr(datasets, f"load_{data}")().data
    fitted = GaussianMixture(
        n_components, covariance_type=covariance_type, reg_covar=0, n_init=60, tol=1e-8, max_iter=2000, random_state=0
    ).fit(rows)
    assert log_likelihood - 1e-3 < fitted.score(rows) * len(rows) < log_likelihood + 1
    best = max(fitted.restarts_, key=lambda restart: restart.lower_bound)
    assert (best.lower_bound, best.failure) == (fitted.lower_bound_, None)


def test_collapsed_components_are_named_and_the_fit_goes_on():
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.standard_normal((50, 2)), np.full((20, 2), 30.0)])
    labels = np.repeat([0, 1], [50, 20])
    with pytest.warns(ConvergenceWarning, match=r"components collapsed.*: 1\."):
        fitted = GaussianMixture(2, init_params=labels, reg_covar=0.0).fit(rows)
    assert fitted.restarts_[0].failure is not None
    assert "1" in fitted.restarts_[0].failure
    assert_array_equal(fitted.predict(rows), labels)
    assert np.isfinite(fitted.score(rows))


def test_acceleration_takes_fewer_iterations():
    rows = np.random.default_rng(0).standard_normal((2000, 2))
    options = {"random_state": 0, "tol": 1e-9, "max_iter": 5000}
    plain = GaussianMixture(3, **options).fit(rows)
    fast = GaussianMixture(3, acceleration="squarem", **options).fit(rows)
    assert fast.n_iter_ < plain.n_iter_ / 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")
@pytest.mark.parametrize("num_threads", [1, 2])
def test_ctrl_c_stops_a_fit_within_a_second(num_threads):
    rows = np.random.default_rng(0).standard_normal((300_000, 16))
    sent = []

    def press():
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.5, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        GaussianMixture(32, tol=0, max_iter=10**7, random_state=0, num_threads=num_threads).fit(rows)
    assert time.monotonic() - sent[0] < 1.0
    timer.join()


def test_relative_stop():
    absolute = GaussianMixture(3, random_state=0, tol=1e-4).fit(X * 1e-50)  # bounds of some hundred nats
    relative = GaussianMixture(3, random_state=0, tol=1e-4, stop="relative").fit(X * 1e-50)
    assert relative.n_iter_ < absolute.n_iter_


def test_max_time_returns_the_best_so_far():
    rows = np.random.default_rng(0).standard_normal((20000, 8))
    started = time.monotonic()
    with pytest.warns(ConvergenceWarning):
        fitted = GaussianMixture(10, tol=0, max_iter=10**6, max_time=0.2, random_state=0).fit(rows)
    assert time.monotonic() - started < 30
    assert 1 <= fitted.n_iter_ < 10**6
    assert np.isfinite(fitted.score(rows))


def test_callback_hears_every_iteration_and_can_end_the_fit():
    heard = []
    fitted = GaussianMixture(3, random_state=0, callback=lambda *told: heard.append(told)).fit(X)
    assert heard == list(enumerate(fitted.lower_bounds_, start=1))

    def refuse(iteration, lower_bound):
        raise ZeroDivisionError(f"at {iteration}")

    with pytest.raises(ZeroDivisionError, match="at 1"):
        GaussianMixture(3, callback=refuse).fit(X)


def test_progress_and_verbose_speak(capfd):
    options = {"random_state": 0, "n_init": 2, "num_threads": 1}
    GaussianMixture(3, verbose=2, verbose_interval=2, **options).fit(X)
    printed = capfd.readouterr().out
    assert "Initialization 0" in printed
    assert "Initialization 1" in printed
    assert "  Iteration 2\t time lapse" in printed
    assert "  Iteration 3" not in printed
    mixture = GaussianMixture(3, progress=True, warm_start=True, **options).fit(X)
    assert "/200 [" in capfd.readouterr().err
    mixture.fit(X)  # goes on from one start
    assert "/100 [" in capfd.readouterr().err


def test_progress_without_tqdm_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"gmm-rs\[progress\]"):
        GaussianMixture(progress=True).fit(X)


# --- units and offsets ---


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("scale", [1e-150, 1e-6, 1e6, 1e120])
def test_units_do_not_matter(covariance_type, scale):
    options = {"covariance_type": covariance_type, "random_state": 0, "tol": 1e-6, "max_iter": 1000}
    expected = GaussianMixture(3, **options).fit(X)
    found = GaussianMixture(3, **options).fit(X * scale)
    assert_array_equal(found.predict(X * scale), expected.predict(X))
    assert_allclose(found.means_ / scale, expected.means_, rtol=1e-6)


def test_units_of_single_features_do_not_matter():
    scales = np.array([1e-8, 1.0, 1e5, 1e12])
    options = {"random_state": 0, "tol": 1e-6, "max_iter": 1000}
    expected = GaussianMixture(3, **options).fit_predict(X)
    assert_array_equal(GaussianMixture(3, **options).fit_predict(X * scales), expected)


@pytest.mark.parametrize(("dtype", "offset"), [(np.float64, 1e8), (np.float32, 1e4)])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_offsets_do_not_matter(covariance_type, dtype, offset):
    rows = (np.round(X * 10) * (2.0**-3)).astype(dtype)  # what the offset leaves exact
    options = {"covariance_type": covariance_type, "random_state": 0, "max_iter": 1000}
    expected = GaussianMixture(3, **options).fit_predict(rows)
    moved = (rows + dtype(offset)).astype(dtype)
    assert_array_equal(GaussianMixture(3, **options).fit_predict(moved), expected)
