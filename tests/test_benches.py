"""The benchmarks still call the library as it is."""

from pathlib import Path

import pytest

BENCHES = Path(__file__).parents[1] / "benches"


@pytest.mark.skipif(not BENCHES.exists(), reason="not in a source distribution")
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_our_contender_fits_and_predicts(covariance_type, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHES))
    from comparison.ours import Library
    from comparison.problems import Shape, log_likelihood, sample, start

    shape = Shape(500, 2, 3, covariance_type)
    rows, contender = sample(shape, "float64"), Library()
    begin = start(shape)
    fitted = contender.fit(rows, begin, covariance_type, 5)
    assert log_likelihood(rows, fitted, covariance_type) > log_likelihood(rows, begin, covariance_type)
    assert contender.predict_proba(rows, fitted, covariance_type)().shape == (500, 3)
    assert contender.fit_from_default_start(rows, 3, covariance_type, 5, 0.0).means.shape == (3, 2)
