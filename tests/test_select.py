"""The choice of a model: criteria against scikit-learn's, threads, failures, and what is refused."""

import sys
import threading

import numpy as np
import pytest
from matplotlib.figure import Figure
from mixtures import COVARIANCE_TYPES
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import mixture as sklearn_mixture
from sklearn.datasets import load_iris

from gmm_rs import (
    ConvergenceWarning,
    DimensionError,
    GaussianMixture,
    GmmError,
    NonFiniteError,
    ParameterError,
    Selection,
    open_rows,
    select,
)
from gmm_rs.mixture._partitions import draw_partitions

IRIS = load_iris(as_frame=True).data


def rows(seed=0, n=300):
    """Three clusters of two features, the first half of the rows twice as far out."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)) + 7 * np.array([[0, 0], [1, 0], [0, 1]])[rng.integers(3, size=n)]


@pytest.mark.parametrize("criterion", ["bic", "aic", "icl"])
def test_values_are_those_of_single_fits(criterion):
    selection = select(IRIS, (1, 2, 3), criterion=criterion, n_init=3, random_state=4, tol=1e-5)
    assert selection.criterion == criterion
    assert list(selection.table) == [
        "covariance_type",
        "n_components",
        criterion,
        "n_parameters",
        "converged",
        "failure",
    ]
    models = [
        GaussianMixture(k, covariance_type=kind, n_init=3, random_state=4, tol=1e-5).fit(IRIS)
        for kind in COVARIANCE_TYPES
        for k in (1, 2, 3)
    ]
    assert_array_equal(selection.table["covariance_type"], np.repeat(COVARIANCE_TYPES, 3))
    assert_array_equal(selection.table["n_components"], [1, 2, 3] * 4)
    assert_array_equal(selection.table[criterion], [getattr(model, criterion)(IRIS) for model in models])
    assert_array_equal(selection.table["n_parameters"], [model.n_parameters_ for model in models])
    assert selection.table["converged"].all()
    assert not any(selection.table["failure"])
    assert selection.best_index == np.argmin(selection.table[criterion])


def test_the_best_model_is_the_fit_of_the_best_candidate():
    selection = select(IRIS, range(1, 5), random_state=0, tol=1e-5)
    best = selection.best_model_
    assert type(best) is GaussianMixture
    alone = GaussianMixture(**selection.best_params, n_init=5, random_state=0, tol=1e-5).fit(IRIS)
    assert_array_equal(best.means_, alone.means_)
    assert best.bic(IRIS) == selection.table["bic"][selection.best_index]
    assert list(best.feature_names_in_) == list(IRIS.columns)
    theirs = [
        sklearn_mixture.GaussianMixture(k, covariance_type=kind, n_init=5, random_state=0, tol=1e-5).fit(IRIS.values)
        for kind in COVARIANCE_TYPES
        for k in range(1, 5)
    ]
    assert best.bic(IRIS) <= min(model.bic(IRIS.values) for model in theirs) + 0.1


@pytest.mark.parametrize("weighted", [False, True])
def test_held_out_is_the_mean_over_rows_that_each_fit_has_not_seen(weighted):
    X = rows(n=103)
    weights = np.random.default_rng(1).uniform(0.5, 2, size=103) if weighted else None
    selection = select(
        X, (1, 3, 5), "full", "held-out", n_folds=4, n_init=2, random_state=3, sample_weight=weights, tol=1e-5
    )
    fold = np.random.default_rng(3).permutation(103) % 4
    for k, value in zip((1, 3, 5), selection.table["held-out"], strict=True):
        scores = np.empty(103)
        for i in range(4):
            train = fold != i
            fit = GaussianMixture(k, n_init=2, random_state=3, tol=1e-5)
            fit.fit(X[train], sample_weight=None if weights is None else weights[train])
            scores[~train] = fit.score_samples(X[~train])
        assert_allclose(value, np.average(scores, weights=weights), rtol=1e-13)
    assert selection.best_index == np.argmax(selection.table["held-out"])


def test_candidates_of_as_many_components_share_what_kmeans_finds(monkeypatch):
    drawn = []

    def draw(X, n_components, **options):
        drawn.append(n_components)
        return draw_partitions(X, n_components, **options)

    monkeypatch.setattr("gmm_rs.selection._shared_starts.draw_partitions", draw)
    select(IRIS, (1, 2, 3), n_init=2, random_state=0, tol=1e-2)
    assert sorted(drawn) == [1, 2, 3]
    select(IRIS, (2, 3), ("full", "tied"), "held-out", n_folds=3, n_init=2, random_state=0, tol=1e-2)
    assert sorted(drawn[3:]) == [2, 2, 2, 3, 3, 3]
    select(IRIS, (2, 3), "full", random_state=0, tol=1e-2)
    select(IRIS, (2, 3), init_params="random", random_state=0, tol=1e-2)
    select(IRIS, 3, init_params=load_iris().target, random_state=0, tol=1e-2)
    assert len(drawn) == 9


def test_shared_starts_give_the_bits_of_starts_of_ones_own():
    X = rows(n=20_000).astype(np.float32)
    weights = np.random.default_rng(2).uniform(size=len(X))
    shared = draw_partitions(X, 4, n_init=3, seed=8, sample_weight=weights, observer=None, num_threads=2)
    assert [start.shape for start in shared.starts] == [(3, 16384), (1, 16384), (1, 16384)]
    for kind in COVARIANCE_TYPES:
        options = {"covariance_type": kind, "n_init": 3, "random_state": 8, "tol": 1e-2}
        own = GaussianMixture(4, **options).fit(X, sample_weight=weights)
        other = GaussianMixture(4, init_params=shared, **options).fit(X, sample_weight=weights)
        assert_array_equal(other.means_, own.means_)
        assert other.restarts_ == own.restarts_


@pytest.mark.parametrize("criterion", ["bic", "icl", "held-out"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_source_gives_what_an_array_gives(criterion, weighted, tmp_path):
    X = rows(n=20_001)
    np.save(tmp_path / "rows.npy", X)
    options = {
        "n_components": (1, 3, 4),
        "covariance_types": ("full", "spherical"),
        "criterion": criterion,
        "sample_weight": np.random.default_rng(1).uniform(0.5, 2, size=len(X)) if weighted else None,
        "n_init": 2,
        "n_folds": 3,
        "random_state": 5,
        "tol": 1e-3,
    }
    expected = select(X, **options)
    for source in (
        open_rows(tmp_path / "rows.npy"),
        np.load(tmp_path / "rows.npy", mmap_mode="r"),
        open_rows(lambda: [X[:7000], X[7000:7001], X[7001:]]),
    ):
        found = select(source, **options, num_threads=2)
        assert_array_equal(found.table[criterion], expected.table[criterion])
        assert_array_equal(found.best_model_.means_, expected.best_model_.means_)


def test_candidates_on_a_source_are_fitted_one_by_one():
    at_work, most = 0, 0

    def pieces():
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        try:
            yield rows()
        finally:
            at_work -= 1

    selection = select(open_rows(pieces), (1, 2, 3), n_init=1, random_state=0, num_threads=3)
    assert selection.best_params["n_components"] == 3
    assert most == 1


@pytest.mark.parametrize("criterion", ["bic", "held-out"])
def test_threads_make_no_difference(criterion):
    tables = [
        select(IRIS, range(1, 5), criterion=criterion, random_state=0, num_threads=n).table for n in (1, 2, 3, 200)
    ]
    for table in tables[1:]:
        for name, column in table.items():
            assert_array_equal(column, tables[0][name])


def test_no_more_threads_than_asked_for():
    at_work, most = set(), 0
    lock = threading.Lock()

    def start(X, n_components, random_state):
        nonlocal most
        with lock:
            at_work.add(threading.get_ident())
            most = max(most, len(at_work))
        labels = np.arange(len(X)) % n_components
        with lock:
            at_work.discard(threading.get_ident())
        return labels

    select(IRIS, range(1, 6), "diag", init_params=start, num_threads=2, random_state=0, tol=1e-2)
    assert 1 <= most <= 2


def test_weights_count_rows():
    X = rows(n=90)
    weights = np.random.default_rng(0).integers(1, 4, size=90)
    once = select(X, (1, 2, 3), "full", sample_weight=weights, random_state=0, tol=1e-6)
    often = select(np.repeat(X, weights, axis=0), (1, 2, 3), "full", random_state=0, tol=1e-6)
    assert_allclose(once.table["bic"], often.table["bic"], rtol=1e-6)
    assert once.best_params == often.best_params


def test_failures_are_nan_and_stop_nothing():
    X = np.repeat(rows(n=6), 2, axis=0)
    selection = select(X, (1, 5, 7, 20), "full", random_state=0, reg_covar=0.0)
    table = selection.table
    assert_array_equal(np.isnan(table["bic"]), [False, True, True, True])
    assert "every start failed; the first: " in table["failure"][1]
    assert "X has 6 different rows for 7 components" in table["failure"][2]
    assert "Expected n_samples >= n_components" in table["failure"][3]
    assert_array_equal(table["n_parameters"] > 0, [True, True, False, False])
    assert selection.best_params["n_components"] == 1
    lines = repr(selection).splitlines()
    assert len(lines) == 5
    assert sum("<- best" in line for line in lines) == 1
    assert "failed: Expected n_samples" in lines[4]


def test_a_failure_in_one_fold_is_a_failure():
    table = select(rows(n=10), (1, 9), "spherical", "held-out", random_state=0).table
    assert_array_equal(np.isnan(table["held-out"]), [False, True])
    assert "n_samples = 8" in table["failure"][1]


def test_of_equal_candidates_the_one_with_fewest_parameters_is_best():
    X = rows(n=50)[:, :1]
    selection = select(X, 1, ("full", "spherical", "tied"), random_state=0)
    assert len(set(selection.table["bic"].round(9))) == 1
    assert selection.best_params == {"covariance_type": "full", "n_components": 1}


def test_a_candidate_that_did_not_converge_is_marked_and_only_the_best_warns():
    with pytest.warns(ConvergenceWarning) as caught:
        selection = select(rows(), (2, 3), ("full", "diag"), max_iter=1, tol=0.0, random_state=0)
    assert len(caught) == 1
    assert not selection.table["converged"].any()
    assert "  no" in repr(selection)


def test_the_caller_hears_of_each_fit_in_its_own_thread():
    heard = []
    select(
        IRIS,
        (1, 2),
        "full",
        "held-out",
        n_folds=3,
        random_state=0,
        callback=lambda *progress: heard.append((*progress, threading.current_thread())),
    )
    assert [entry[:2] for entry in heard] == [(i, 6) for i in range(1, 7)]
    assert {entry[2] for entry in heard} == {threading.main_thread()}


def test_an_interruption_ends_the_fits_that_are_running():
    def interrupt(n_done, n_all):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # 400 components fail at once, 4 would take for ever
        select(rows(), (4, 400), "full", tol=0.0, max_iter=10**9, random_state=0, num_threads=2, callback=interrupt)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gmm-select")]


def test_frame_and_picture(monkeypatch):
    selection = select(np.repeat(rows(n=6), 2, axis=0), (1, 2, 20), ("full", "diag"), random_state=0)
    frame = selection.to_frame()
    assert list(frame.columns) == list(selection.table)
    assert_array_equal(frame["bic"], selection.table["bic"])
    ax = selection.plot(ax=Figure().add_subplot())
    full, _, ring = ax.lines
    assert_array_equal(full.get_ydata(), selection.table["bic"][:3])
    assert ring.get_ydata() == np.nanmin(selection.table["bic"])
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"gmm-rs\[pandas\]"):
        selection.to_frame()


def test_the_ring_of_held_out_is_at_the_top():
    selection = select(rows(), range(1, 5), "full", "held-out", random_state=0)
    ax = selection.plot(ax=Figure().add_subplot())
    assert ax.lines[-1].get_ydata() == selection.table["held-out"].max()
    assert "held-out" in ax.get_ylabel()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_components": ()}, "nothing to choose from"),
        ({"n_components": (0, 1)}, "n_components must be a positive integer, but is 0"),
        ({"n_components": 2.5}, "n_components must be a positive integer"),
        ({"covariance_types": ()}, "nothing to choose from"),
        ({"covariance_types": ("full", "round")}, "'round'"),
        ({"covariance_types": None}, "covariance_types must be a list"),
        ({"criterion": "dic"}, "criterion must be"),
        ({"n_init": 0}, "n_init must be"),
        ({"n_folds": 1}, "n_folds must be"),
        ({"criterion": "held-out", "n_folds": 151}, "n_folds must not exceed"),
        ({"criterion": "held-out", "sample_weight": [1.0] + [0.0] * 149}, "folds has no weight"),
        ({"tol": -1}, "tol must be"),
        ({"colour": "red"}, "colour"),
        ({"means_init": [[0.0]]}, "select takes no means_init"),
        ({"covariance_type": "full"}, "select takes no covariance_type"),
        ({"callback": None, "verbose": 1}, "select takes no verbose"),
        ({"num_threads": 0}, "num_threads must be"),
        ({"sample_weight": -np.ones(150)}, "sample_weight must be"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ParameterError, match=message):
        select(IRIS, **arguments)


def test_bad_data():
    with pytest.raises(NonFiniteError, match="X holds NaN at row 1, column 0; every entry must be finite"):
        select([[1.0], [np.nan], [2.0]])
    with pytest.raises(NonFiniteError, match="X holds -inf at row 70000, column 1"):
        select(np.where(np.arange(2 * 80_000).reshape(-1, 2) == 140_001, -np.inf, 1.0))
    with pytest.raises(DimensionError, match="2-D"):
        select([1.0, 2.0])
    with pytest.raises(GmmError, match=r"every candidate failed; the first, covariance_type='full', n_components=5"):
        select(rows(n=3), (5, 6))
    with pytest.raises(GmmError, match="a minimum of 2 is required by GaussianMixture$"):
        select([[1.0]], 1)


def test_arrays_of_the_caller_stay_as_they_are():
    X, weights = rows(n=40), np.ones(40)
    X.flags.writeable = weights.flags.writeable = False
    assert isinstance(select(X, (1, 2), sample_weight=weights, criterion="held-out", random_state=0), Selection)
