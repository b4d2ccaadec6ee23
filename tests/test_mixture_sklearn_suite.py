"""scikit-learn's own tests of its class, with ours in its place.

The modules are loaded from scikit-learn's wheel under other names, with `GaussianMixture` replaced, and their tests are
collected here. What is left out, each for the reason beside it, tests scikit-learn's inner workings.
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sklearn.mixture

from gmm_rs import GaussianMixture
from gmm_rs.exceptions import ConvergenceWarning, NotFittedError

pytestmark = pytest.mark.filterwarnings("default")  # scikit-learn's suite doesn't make warnings errors

_FUNCTIONS = "tests functions of scikit-learn, not the class"
_PRIVATE = "calls private methods of scikit-learn's class"
_DRAWS = "compares components by the numbers that scikit-learn's KMeans draws from a seed: see the last test"
_ROUNDING = "wants the mean of float32 numbers that NumPy takes in float32, to the last bit; ours is exact"
_OTHER_ARRAYS = "is about arrays of other libraries than NumPy, or wants an error where theirs can't be computed with"
LEFT_OUT = {
    "test_suffstat_sk_full": _FUNCTIONS,
    "test_suffstat_sk_tied": _FUNCTIONS,
    "test_suffstat_sk_diag": _FUNCTIONS,
    "test_gaussian_suffstat_sk_spherical": _FUNCTIONS,
    "test_compute_log_det_cholesky": _FUNCTIONS,
    "test_gaussian_mixture_log_probabilities": _FUNCTIONS,
    "test_gaussian_mixture_precisions_init": _PRIVATE,  # _initialize, _set_parameters
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": _PRIVATE,  # counts calls of one of its own
    "test_gaussian_mixture_precisions_init_diag": _DRAWS,
    "test_score": _ROUNDING,  # of float64 it is here under another name
    "test_gaussian_mixture_array_api_compliance": _OTHER_ARRAYS,
    "test_gaussian_mixture_raises_where_array_api_not_implemented": _OTHER_ARRAYS,
}


@pytest.fixture(params=[np.float64, np.float32])
def global_dtype(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=[0, 42])
def global_random_seed(request: pytest.FixtureRequest) -> Any:
    return request.param


def _load(name: str) -> ModuleType:
    path = Path(sklearn.mixture.__file__).parent / "tests" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"replaced_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sklearn.mixture, "GaussianMixture", GaussianMixture)
        spec.loader.exec_module(module)
    return module


_MODULES = [_load(name) for name in ("test_gaussian_mixture", "test_mixture")]
_THEIRS = {name: test for module in _MODULES for name, test in vars(module).items() if name.startswith("test_")}
globals().update({name: test for name, test in _THEIRS.items() if name not in LEFT_OUT})


def test_the_tests_are_there_and_are_of_our_class() -> None:
    names = [name for name in globals() if name.startswith("test_")]
    assert len(names) > 25
    assert globals()["test_score_samples"].__globals__["GaussianMixture"] is GaussianMixture


def test_score_of_float64() -> None:
    _THEIRS["test_score"](np.float64)


def test_the_score_of_float32_is_the_exact_mean_of_the_densities_and_rises() -> None:
    # test_score, but for the mean that is expected.
    rng = np.random.default_rng(0)
    rows = np.vstack([scale * rng.standard_normal((100, 2)) for scale in (1, 2, 7)]).astype(np.float32)
    options: dict[str, Any] = {"reg_covar": 0.0, "random_state": 0}
    mixture = GaussianMixture(3, **options, max_iter=1)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        mixture.score(rows)
    with pytest.warns(ConvergenceWarning):
        mixture.fit(rows)
    densities = mixture.score_samples(rows)
    assert mixture.means_.dtype == mixture.covariances_.dtype == densities.dtype == np.float32
    spacing = np.finfo(np.float32).eps * np.abs(densities).max()
    assert abs(mixture.score(rows) - densities.astype(np.float64).mean()) < spacing
    assert GaussianMixture(3, **options, max_iter=100).fit(rows).score(rows) > mixture.score(rows)


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_given_precisions_of_the_start_change_nothing(covariance_type: str, global_dtype: Any) -> None:
    # test_gaussian_mixture_precisions_init_diag, for clusters in whatever order.
    rng = np.random.default_rng(0)
    stretched = rng.standard_normal((300, 2)) @ np.array([[0.0, -0.7], [3.5, 0.7]])
    rows = np.vstack([rng.standard_normal((300, 2)) + 20, stretched]).astype(global_dtype)
    options: dict[str, Any] = {"covariance_type": covariance_type, "reg_covar": 1e-6, "random_state": 0}
    start = GaussianMixture(2, **options, max_iter=0).fit(rows)
    without = GaussianMixture(2, **options).fit(rows)
    for order in ([0, 1], [1, 0]):
        given = GaussianMixture(2, **options, precisions_init=start.precisions_[order]).fit(rows)
        assert given.n_iter_ == without.n_iter_
        np.testing.assert_allclose(given.precisions_cholesky_, without.precisions_cholesky_[order], rtol=1e-5)
