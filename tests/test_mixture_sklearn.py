"""GaussianMixture as an estimator of scikit-learn: its checks, meta-estimators, frames, conversions; and without it."""

import copy
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from mixtures import COVARIANCE_TYPES
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture as Reference
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_dataframe_column_names_consistency, parametrize_with_checks
from sklearn.utils.validation import check_is_fitted

import gmm_rs
from gmm_rs import GaussianMixture

X = load_iris().data
FRAME = load_iris(as_frame=True).data


def _checks() -> pytest.MarkDecorator:
    """All checks of scikit-learn, made here so that its advice to inherit from its base class is not an error."""
    estimators = [GaussianMixture(covariance_type=kind) for kind in COVARIANCE_TYPES]
    estimators += [GaussianMixture(2, covariance_type=kind, random_state=0) for kind in COVARIANCE_TYPES]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not inherit from `sklearn.base.BaseEstimator`.*")
        mark = parametrize_with_checks(estimators)
    argument_names, cases = mark.args
    return pytest.mark.parametrize(
        argument_names, [case for case in cases if not _draws(*case)], ids=mark.kwargs["ids"]
    )


def _draws(estimator, check) -> bool:
    """Whether a check compares fits that draw different starts: a row with weight 2 is not drawn as two rows are."""
    function = getattr(check, "func", check)
    return estimator.n_components > 1 and function.__name__ == "check_sample_weight_equivalence_on_dense_data"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix:UserWarning")
@_checks()
def test_estimator_checks(estimator, check):
    check(estimator)


def test_column_names_are_checked_as_scikit_learn_does():
    check_dataframe_column_names_consistency("GaussianMixture", GaussianMixture(random_state=0))


def test_import_neither_needs_nor_loads_scikit_learn():
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] not in ("sklearn", "scipy", "pandas", "tqdm", "matplotlib"), name
sys.meta_path.insert(0, Refuse())
import numpy as np
import gmm_rs
mixture = gmm_rs.GaussianMixture(2, random_state=0).fit([[0.0], [0.1], [0.3], [9.0], [9.1], [9.3]])
assert mixture.predict([[0.0], [9.0]]).tolist() in ([0, 1], [1, 0])
assert repr(mixture) == "GaussianMixture(n_components=2, random_state=0)"
try:
    gmm_rs.GaussianMixture().predict([[0.0]])
except gmm_rs.NotFittedError as error:
    assert type(error) is gmm_rs.NotFittedError
assert "sklearn" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_exceptions_and_warnings_are_those_of_scikit_learn_too():
    with pytest.raises(NotFittedError) as caught:
        GaussianMixture().predict(X)
    assert isinstance(caught.value, gmm_rs.NotFittedError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.warns(ConvergenceWarning) as warned:
        GaussianMixture(3, max_iter=1, random_state=0).fit(X)
    assert issubclass(warned[0].category, gmm_rs.ConvergenceWarning)
    assert warned[0].filename == __file__


def test_not_fitted_until_fitted():
    mixture = GaussianMixture()
    with pytest.raises(NotFittedError):
        check_is_fitted(mixture)
    check_is_fitted(mixture.fit(X))
    check_is_fitted(GaussianMixture.from_parameters([1.0], [[0.0]], [[[1.0]]]))


def test_parameters_are_those_of_scikit_learn_and_more():
    ours, theirs = GaussianMixture().get_params(), Reference().get_params()
    assert set(theirs) < set(ours)
    assert {name for name in theirs if ours[name] != theirs[name]} == {"reg_covar"}


def test_repr_shows_what_is_not_the_default():
    assert repr(GaussianMixture()) == "GaussianMixture()"
    assert repr(GaussianMixture(3, means_init=np.zeros((1, 1)))) == (
        "GaussianMixture(n_components=3, means_init=array([[0.]]))"
    )
    with pytest.raises(ValueError, match=r"Invalid parameter 'k' for estimator GaussianMixture\(\)"):
        GaussianMixture().set_params(k=2)


def test_clone_copies_parameters_and_requests_but_no_fit():
    original = GaussianMixture(2, means_init=X[:2], random_state=0).set_score_request(sample_weight=True).fit(X)
    copied = clone(original)
    assert not hasattr(copied, "means_")
    assert copied.means_init is not original.means_init
    assert_array_equal(copied.means_init, original.means_init)
    assert copied.get_metadata_routing().score.requests == {"sample_weight": True, "class_prior": None}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda mixture: pickle.loads(pickle.dumps(mixture))])
def test_pickle_and_copies_predict_the_same(copied):
    mixture = GaussianMixture(3, random_state=0).fit(FRAME)
    assert_array_equal(copied(mixture).predict_proba(FRAME), mixture.predict_proba(FRAME))


def test_pipelines_and_searches():
    pipeline = make_pipeline(StandardScaler(), GaussianMixture(random_state=0)).set_output(transform="pandas")
    search = GridSearchCV(
        pipeline, {"gaussianmixture__n_components": [1, 2, 3], "gaussianmixture__covariance_type": ["full", "tied"]}
    ).fit(FRAME)
    best = search.best_estimator_
    assert search.best_params_["gaussianmixture__n_components"] > 1
    assert list(best[-1].feature_names_in_) == list(FRAME.columns)
    assert_array_equal(best.predict(FRAME), best[-1].predict(best[0].transform(FRAME)))
    assert "GaussianMixture" in repr(pipeline)
    assert "GaussianMixture" in pipeline._repr_html_()


def test_metadata_is_routed():
    weights = np.linspace(0.0, 2.0, len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        mixture = GaussianMixture(2, random_state=0).set_fit_request(sample_weight=True)
        routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), mixture)
        routed.fit(X, sample_weight=weights)
        direct = GaussianMixture(2, random_state=0).fit(StandardScaler().fit_transform(X), sample_weight=weights)
        assert_array_equal(routed[-1].means_, direct.means_)
        scored = GaussianMixture(2, random_state=0).set_fit_request(sample_weight=True)
        scores = cross_val_score(
            scored.set_score_request(sample_weight=True), X, params={"sample_weight": weights}, cv=3
        )
        assert np.isfinite(scores).all()
        with pytest.raises(ValueError, match="sample_weight"):
            make_pipeline(GaussianMixture()).fit(X, sample_weight=weights)


POLARS = pl.DataFrame({name: FRAME[name].to_numpy() for name in FRAME.columns})


@pytest.mark.parametrize("frame", [FRAME, POLARS], ids=["pandas", "polars"])
def test_frames_give_what_arrays_give(frame):
    mixture = GaussianMixture(3, random_state=0).fit(frame)
    assert list(mixture.feature_names_in_) == list(frame.columns)
    assert_array_equal(mixture.means_, GaussianMixture(3, random_state=0).fit(X).means_)
    assert_array_equal(mixture.predict(frame), mixture.predict(FRAME))
    with pytest.raises(ValueError, match="same order"):
        mixture.predict(frame[list(frame.columns)[::-1]])


def test_names_come_and_go_with_the_data():
    mixture = GaussianMixture(random_state=0).fit(FRAME)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but GaussianMixture was fitted with"):
        mixture.predict(X)
    mixture.fit(X)
    assert not hasattr(mixture, "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but GaussianMixture was fitted without"):
        mixture.predict(FRAME)
    with pytest.raises(TypeError, match=r"\['int', 'str'\]"):
        mixture.fit(pd.DataFrame(X[:, :2], columns=["a", 1]))
    mixed = pd.DataFrame({"a": [1, 2, 4], "b": [0.5, 1.5, 2.0], "c": [True, False, True]})
    assert mixture.fit(mixed).means_.shape == (1, 3)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_conversions_keep_everything(covariance_type, dtype):
    data = X.astype(dtype)
    theirs = Reference(3, covariance_type=covariance_type, random_state=0, tol=1e-4).fit(data)
    ours = GaussianMixture.from_sklearn(theirs)
    assert ours.get_params()["tol"] == 1e-4
    tolerance = {"rtol": 1e-10} if dtype == np.float64 else {"rtol": 1e-3, "atol": 1e-3}
    assert_allclose(ours.score_samples(data), theirs.score_samples(data), **tolerance)
    assert_array_equal(ours.predict(data), theirs.predict(data))
    assert ours.bic(data) == pytest.approx(theirs.bic(data), rel=1e-4 if dtype == np.float32 else 1e-12)
    mixture = GaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=500)
    back = mixture.fit(data).to_sklearn()
    assert isinstance(back, Reference)
    assert back.reg_covar == 1e-6
    assert back.means_.dtype == dtype
    assert back.score(data) == pytest.approx(back.lower_bound_, rel=1e-4)


def test_only_fitted_mixtures_are_converted():
    with pytest.raises(gmm_rs.ParameterError, match=r"sklearn.mixture.GaussianMixture is needed, but StandardScaler"):
        GaussianMixture.from_sklearn(StandardScaler())
    for convert in (lambda: GaussianMixture.from_sklearn(Reference()), lambda: GaussianMixture().to_sklearn()):
        with pytest.raises(NotFittedError):
            convert()
