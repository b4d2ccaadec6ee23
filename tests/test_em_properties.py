"""What holds for every fit: bounds that never fall, the same bits, digits that far clusters and offsets don't cost."""

from typing import Any

import numpy as np
import pytest
from mixtures import (
    COVARIANCE_TYPES,
    DTYPES,
    Parameters,
    fit,
    full_covariances,
    parameters,
    random_mixture,
    round_covariances,
    rows_of,
)
from numpy.testing import assert_allclose, assert_array_equal

every_kind = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
prior_and_likelihood = pytest.mark.parametrize("reg_covar", [None, 0.0])


def overlapping(n: int, d: int, k: int, covariance_type: str, seed: int = 0) -> tuple[np.ndarray, Parameters]:
    """Rows of components that lie within a standard deviation or two of each other."""
    rng = np.random.default_rng(seed)
    model = random_mixture(rng, k, d, 10.0, covariance_type)
    model = model._replace(means=rng.standard_normal((k, d)))
    return rows_of(rng, n, model, covariance_type), model


@pytest.mark.parametrize("acceleration", [None, "squarem"])
@prior_and_likelihood
@pytest.mark.parametrize("d", [2, 5])
@every_kind
def test_the_lower_bound_never_falls(
    covariance_type: str, d: int, reg_covar: float | None, acceleration: str | None
) -> None:
    options = {"covariance_type": covariance_type, "reg_covar": reg_covar, "acceleration": acceleration}
    for seed in range(4):
        X, model = overlapping(400, d, 3, covariance_type, seed)
        rng = np.random.default_rng(seed)
        rows = {"sample_weight": rng.exponential(size=400), "log_prior": rng.standard_normal((400, 3))}
        for knowledge in ({}, rows):
            bounds = fit(X, 3, max_iter=60, tol=0.0, initial=model, **options, **knowledge)["lower_bounds"]
            assert len(bounds) == 60
            assert np.all(np.diff(bounds) >= -1e-13 * np.abs(bounds[:-1]))


@every_kind
def test_acceleration_reaches_the_optimum_of_an_easy_mixture(covariance_type: str) -> None:
    rng = np.random.default_rng(0)
    model = random_mixture(rng, 3, 4, 10.0, covariance_type)
    model = model._replace(means=8 * np.eye(3, 4))
    X = rows_of(rng, 500, model, covariance_type)
    start = model._replace(means=model.means + 0.5 * rng.standard_normal((3, 4)))
    options = {"covariance_type": covariance_type, "initial": start, "tol": 1e-13, "max_iter": 500}
    plain, fast = (fit(X, 3, acceleration=a, **options) for a in (None, "squarem"))
    assert plain["converged"]
    assert fast["converged"]
    for a, b in zip(parameters(fast), parameters(plain), strict=True):
        assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@prior_and_likelihood
@every_kind
def test_acceleration_needs_far_fewer_iterations_where_components_overlap(
    covariance_type: str, reg_covar: float | None
) -> None:
    rng = np.random.default_rng(0)
    model = random_mixture(rng, 3, 3, 1.0, covariance_type)
    model = model._replace(means=0.9 * rng.standard_normal((3, 3)))
    X = rows_of(rng, 1000, model, covariance_type)
    start = model._replace(means=rng.standard_normal((3, 3)))
    options = {"covariance_type": covariance_type, "initial": start, "tol": 0.0, "reg_covar": reg_covar}
    plain, fast = (
        fit(X, 3, acceleration=a, max_iter=n, **options)["lower_bounds"] for a, n in ((None, 1500), ("squarem", 400))
    )
    needed = [int(np.argmax(bounds >= plain[-1] - 1e-8)) for bounds in (plain, fast)]
    assert fast[-1] >= plain[-1] - 1e-8
    assert needed[0] > 200
    assert needed[1] < 0.4 * needed[0]


def bits(fitted: dict[str, Any]) -> bytes:
    keys = "weights", "means", "covariances", "lower_bounds", "log_likelihoods"
    return b"".join(fitted[key].tobytes() for key in keys)


@pytest.mark.parametrize(("n", "d"), [(3000, 3), (2000, 18)])
@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_threads_and_strides_do_not_change_a_bit(covariance_type: str, dtype: type, n: int, d: int) -> None:
    X, _ = overlapping(n, d, 5, covariance_type)
    X = X.astype(dtype)
    rng = np.random.default_rng(1)
    weights, log_prior = rng.exponential(size=n), rng.standard_normal((n, 5))
    wide = np.repeat(np.repeat(X, 2, axis=1), 2, axis=0)
    wide_prior = np.repeat(log_prior, 2, axis=1)
    for knowledge, strided in (
        ({}, {}),
        (
            {"sample_weight": weights, "log_prior": log_prior},
            {"sample_weight": np.repeat(weights, 3)[::3], "log_prior": wide_prior[:, ::2]},
        ),
    ):
        options = {"covariance_type": covariance_type, "max_iter": 4, "tol": 0.0}
        expected = bits(fit(X, 5, num_threads=1, **options, **knowledge))
        for threads in (2, 3, 4, 5):
            assert bits(fit(X, 5, num_threads=threads, **options, **knowledge)) == expected
        for data in (np.asfortranarray(X), wide[::2, ::2], X[::-1].copy()[::-1], wide[1::2, 1::2]):
            assert bits(fit(data, 5, **options, **strided)) == expected


@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("separation", [1e2, 1e5])
@pytest.mark.parametrize("d", [1, 3, 6])
@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_covariances_keep_their_digits_however_far_clusters_and_origin_are(
    covariance_type: str, dtype: type, d: int, separation: float, offset: float
) -> None:
    rng = np.random.default_rng(d)
    k, n = 3, 900
    # Rows are on a grid of numbers that the type holds, also far out; float32 holds nothing of the order of 1 at 1e8.
    grid, unit = {"d": (2.0**-7, 1.0), "f": (16.0, 64.0) if offset else (2.0**-3, 1.0)}[np.dtype(dtype).char]
    labels = np.arange(n) % k
    centres = offset + separation * unit * np.arange(k)[:, None] * (1 + np.arange(d))
    centres, noise = (grid * np.round(x / grid) for x in (centres, unit * rng.standard_normal((n, d))))
    X = (centres[labels] + noise).astype(dtype)
    assert_array_equal(X.astype(float), centres[labels] + noise)
    spread = noise.std()
    start = Parameters(np.full(k, 1 / k), centres + spread / 2, round_covariances(covariance_type, k, d, spread**2))
    found = fit(X, k, covariance_type=covariance_type, initial=start, reg_covar=0.0, max_iter=3, tol=0.0)

    # Far clusters don't share rows: the covariances are those of the rows of each, exactly known from the noise.
    per_cluster = np.array([np.atleast_2d(np.cov(noise[labels == j].T, bias=True)) for j in range(k)])
    expected = per_cluster.mean(axis=0, keepdims=True) if covariance_type == "tied" else per_cluster
    expected = np.broadcast_to(expected, (k, d, d))
    if covariance_type in ("diag", "spherical"):
        expected = expected * np.eye(d)
    if covariance_type == "spherical":
        expected = np.trace(expected, axis1=1, axis2=2)[:, None, None] / d * np.eye(d)
    rtol = 1e-12 if dtype == np.float64 else 2e-6
    result = full_covariances(found["covariances"], covariance_type, k, d)
    assert_allclose(result, expected, rtol=0, atol=rtol * spread**2)
    means = np.array([noise[labels == j].mean(axis=0) for j in range(k)])
    assert_allclose(found["means"] - centres, means, rtol=0, atol=rtol * spread + 4e-16 * np.abs(centres).max())


@prior_and_likelihood
@every_kind
def test_one_component_is_the_normal_distribution_of_all_rows(covariance_type: str, reg_covar: float | None) -> None:
    X, _ = overlapping(300, 4, 2, covariance_type)
    options = {"mean_precision_prior": 1e-30, "degrees_of_freedom_prior": 3.1, "covariance_prior": 1e-30 * np.eye(4)}
    found = fit(X, 1, covariance_type=covariance_type, reg_covar=reg_covar, **options)
    # The mode of the posterior divides by N + ν0 + D + 2.
    expected = np.cov(X.T, bias=True) * (1 if reg_covar is not None else 300 / (300 + 3.1 + 6))
    if covariance_type in ("diag", "spherical"):
        expected = np.diag(expected)
    if covariance_type == "spherical":
        expected = expected.mean()
    assert_allclose(np.squeeze(found["covariances"]), expected, rtol=1e-12, atol=1e-13)
    assert_allclose(found["means"][0], X.mean(axis=0), rtol=1e-12, atol=1e-13)
    assert found["weights"].tolist() == [1.0]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_fewer_rows_than_components(covariance_type: str, dtype: type, n: int) -> None:
    X = np.arange(3.0 * n).reshape(n, 3).astype(dtype)
    for reg_covar in (None, 1e-3):
        for acceleration in (None, "squarem"):
            found = fit(X, 4, covariance_type=covariance_type, reg_covar=reg_covar, acceleration=acceleration)
            assert all(np.isfinite(value).all() for value in parameters(found))
            assert_allclose(found["weights"].sum(), 1, rtol=1e-12)
            assert np.isfinite(found["lower_bounds"]).all()


@prior_and_likelihood
@every_kind
def test_components_without_weight(covariance_type: str, reg_covar: float | None) -> None:
    # A class prior rules the last component out for all rows.
    X, model = overlapping(300, 3, 3, covariance_type)
    log_prior = np.zeros((300, 3))
    log_prior[:, 2] = -np.inf
    found = fit(X, 3, covariance_type=covariance_type, initial=model, log_prior=log_prior, reg_covar=reg_covar)
    assert all(np.isfinite(value).all() for value in parameters(found))
    assert found["weights"][2] == pytest.approx(0.0 if reg_covar is not None else 1 / 3 / 301, rel=1e-12)
    # The others are fitted as if they were alone.
    if reg_covar is not None:
        covariances = model.covariances if covariance_type == "tied" else model.covariances[:2]
        start = Parameters(model.weights[:2] / model.weights[:2].sum(), model.means[:2], covariances)
        alone = fit(X, 2, covariance_type=covariance_type, initial=start, reg_covar=reg_covar)
        assert_allclose(found["means"][:2], alone["means"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("d", [2, 5])
@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_rows_at_the_ends_of_tiles_count_once(covariance_type: str, dtype: type, d: int) -> None:
    # Moments of n rows are those of the parts, wherever a tile ends; 140 components make tiles shorter.
    for k in (2, 140):
        X, model = overlapping(768, d, k, covariance_type)
        X = X.astype(dtype)
        options = {"covariance_type": covariance_type, "initial": model, "reg_covar": 1e-6, "max_iter": 1}
        for n in (191, 192, 193, 383, 384, 385, 768):
            # Rows of weight 0 after the last one don't change anything, but where tiles end.
            padded = fit(X, k, sample_weight=np.where(np.arange(768) < n, 1.0, 0.0), **options)
            rtol = 1e-10 if dtype == np.float64 else 1e-3
            for a, b in zip(parameters(fit(X[:n], k, **options)), parameters(padded), strict=True):
                assert_allclose(a, b, rtol=rtol, atol=rtol * np.abs(b).max())
