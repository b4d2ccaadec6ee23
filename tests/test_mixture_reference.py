"""Side by side with scikit-learn from equal starting parameters, with an absolute reg_covar."""

import warnings

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine, make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Reference

from gmm_rs import GaussianMixture

DATA = {
    "iris": (load_iris().data, 3, 1e-6),
    "wine": (load_wine().data, 3, 1e-2),
    "breast_cancer": (load_breast_cancer().data, 2, 1e-2),
    "digits": (load_digits().data, 10, 1e-1),
    "synthetic": (make_blobs(2000, 6, centers=5, cluster_std=2.0, random_state=0)[0], 5, 1e-6),
}
ATTRIBUTES = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")


def starting_parameters(rows, n_components, covariance_type, reg_covar):
    labels = KMeans(n_components, n_init=1, random_state=0).fit_predict(rows)
    start = Reference(n_components, covariance_type=covariance_type, reg_covar=reg_covar, max_iter=0)
    start._initialize(rows, np.eye(n_components)[labels].astype(rows.dtype))
    start._set_parameters(start._get_parameters())
    return {"weights_init": start.weights_, "means_init": start.means_, "precisions_init": start.precisions_}


def relative(found, expected):
    """Largest difference, as a part of the largest entry of each matrix, so that zeros by symmetry don't count."""
    scale = np.abs(expected).reshape(len(expected), -1).max(axis=1)
    return (np.abs(found - expected).reshape(len(expected), -1).max(axis=1) / scale).max()


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("name", DATA)
def test_parameters_are_those_of_scikit_learn(name, covariance_type):
    rows, n_components, reg_covar = DATA[name]
    options = {"covariance_type": covariance_type, "reg_covar": reg_covar, "max_iter": 10, "tol": 0.0}
    options |= starting_parameters(rows, n_components, covariance_type, reg_covar)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = Reference(n_components, **options).fit(rows)
        ours = GaussianMixture(n_components, **options).fit(rows)
    assert ours.n_iter_ == theirs.n_iter_ == 10
    for attribute in ATTRIBUTES:
        assert relative(getattr(ours, attribute), getattr(theirs, attribute)) < 1e-6, attribute
    # There a bound is that of the parameters before the iteration.
    assert_allclose(ours.lower_bounds_[:-1], theirs.lower_bounds_[1:], rtol=1e-9)
    assert_array_equal(ours.predict(rows), theirs.predict(rows))
    assert_allclose(ours.score_samples(rows), theirs.score_samples(rows), rtol=1e-6, atol=1e-6)
    for criterion in ("score", "aic", "bic"):
        assert getattr(ours, criterion)(rows) == pytest.approx(getattr(theirs, criterion)(rows), rel=1e-8)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("name", DATA)
def test_iterations_in_float32_are_nearer_to_the_truth_than_those_of_scikit_learn(name, covariance_type):
    rows, n_components, reg_covar = DATA[name]
    narrow = rows.astype(np.float32)
    wide = narrow.astype(np.float64)
    options = {"covariance_type": covariance_type, "reg_covar": reg_covar, "max_iter": 1, "tol": 0.0}
    start = starting_parameters(wide, n_components, covariance_type, reg_covar)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(10):  # one by one, as some starts lead through places where every rounding grows a hundredfold
            truth = Reference(n_components, **options, **start).fit(wide)
            # From parameters in float64, scikit-learn computes the densities of float32 rows in float64.
            rounded = {parameter: value.astype(np.float32) for parameter, value in start.items()}
            theirs = Reference(n_components, **options, **rounded).fit(narrow)
            ours = GaussianMixture(n_components, **options, **start).fit(narrow)
            for attribute in ("weights_", "means_", "covariances_"):
                found, exact = getattr(ours, attribute), getattr(truth, attribute)
                assert found.dtype == getattr(theirs, attribute).dtype == np.float32
                assert relative(found, exact) < 1e-5
                assert relative(found, exact) <= max(relative(getattr(theirs, attribute), exact), 1e-6)
            start = {
                "weights_init": truth.weights_,
                "means_init": truth.means_,
                "precisions_init": truth.precisions_,
            }
