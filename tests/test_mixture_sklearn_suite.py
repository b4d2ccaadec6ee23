"""scikit-learn's own tests of its class, with ours in its place.

The modules are loaded from scikit-learn's wheel under other names, with `GaussianMixture` replaced, and their tests are
collected here. What is left out tests functions of scikit-learn alone, or private methods of its class.
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sklearn.mixture

from gmm_rs import GaussianMixture

pytestmark = pytest.mark.filterwarnings("default")  # scikit-learn's suite doesn't make warnings errors

_FUNCTIONS = "tests functions of scikit-learn, not the class"
_PRIVATE = "calls private methods of scikit-learn's class"
_OTHER_ARRAYS = "is about arrays of other libraries than NumPy"
LEFT_OUT = {
    "test_suffstat_sk_full": _FUNCTIONS,
    "test_suffstat_sk_tied": _FUNCTIONS,
    "test_suffstat_sk_diag": _FUNCTIONS,
    "test_gaussian_suffstat_sk_spherical": _FUNCTIONS,
    "test_compute_log_det_cholesky": _FUNCTIONS,
    "test_gaussian_mixture_log_probabilities": _FUNCTIONS,
    "test_gaussian_mixture_precisions_init": _PRIVATE,  # _initialize, _set_parameters
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": _PRIVATE,  # counts calls of one of its own
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


for _name in ("test_gaussian_mixture", "test_mixture"):
    _tests = {name: test for name, test in vars(_load(_name)).items() if name.startswith("test_")}
    globals().update({name: test for name, test in _tests.items() if name not in LEFT_OUT})


def test_the_tests_are_there_and_are_of_our_class() -> None:
    names = [name for name in globals() if name.startswith("test_")]
    assert len(names) > 25
    assert all(globals()["test_score"].__globals__["GaussianMixture"] is GaussianMixture for name in names)
