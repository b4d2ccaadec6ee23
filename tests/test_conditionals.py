"""Mixtures of some features, alone or given the values of the others.

Conditionals are compared with 50 digits. A Cholesky factor in floating point is that of Σ + E with
|E_ij| ≤ (D + 1) ε σ_i σ_j (Higham 2002, section 10.1). With u = Σ_aa⁻¹ z, z = x_a − μ_a and s = σ_b + |B| σ_a, E moves
the conditional mean by at most (D + 1) ε s (σ_aᵀ|u|) and the conditional covariance by (D + 1) ε s sᵀ. The mean also
has the rounding of B and of the product, so that the bounds are

    A ε (s (σ_aᵀ|u|) + |B| |L| |L⁻¹| |z| + |B| |z| + |μ_b|)        and        A ε s sᵀ

with A below D + 1, as errors don't all go one way: at most four times what is measured.
"""

import decimal
import itertools
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pytest
from digits import NEAR, exact
from mixtures import COVARIANCE_TYPES, DTYPES, Parameters, full_covariances, log_terms, random_mixture, rows_of
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate
from scipy.special import logsumexp

from gmm_rs import _core
from gmm_rs.exceptions import DegenerateCovarianceError, DimensionError, NonFiniteError, ParameterError
from gmm_rs.mixture._conditional import ConditionalMixtures, check_query

A = 4
EPS = 2.0**-52


def given(*indices: int) -> np.ndarray:
    return np.array(indices, dtype=np.int64)


def conditional(
    indices: np.ndarray, values: np.ndarray, model: Parameters, covariance_type: str, num_threads: int = 2
) -> Parameters:
    """The conditional mixtures of all rows."""
    found = _core.conditional(indices, values, *model, covariance_type=covariance_type, num_threads=num_threads)
    return Parameters(*found)


def conditional_mean(
    indices: np.ndarray,
    values: np.ndarray,
    model: Parameters,
    covariance_type: str,
    return_cov: bool = False,
    num_threads: int = 2,
) -> tuple[np.ndarray, np.ndarray | None]:
    return _core.conditional_mean(
        indices, values, *model, covariance_type=covariance_type, return_cov=return_cov, num_threads=num_threads
    )


def others(indices: np.ndarray, d: int) -> np.ndarray:
    return np.setdiff1d(np.arange(d), indices)


# --- marginals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("indices", [(2,), (3, 0), (0, 1, 2, 3), (3, 2, 1, 0)])
def test_a_marginal_has_the_parameters_of_its_features(covariance_type: str, indices: tuple[int, ...]) -> None:
    model = random_mixture(np.random.default_rng(2), 3, 4, covariance_type=covariance_type)
    found = Parameters(*_core.marginal(given(*indices), *model, covariance_type=covariance_type))
    assert_array_equal(found.weights, model.weights)
    assert_array_equal(found.means, model.means[:, indices])
    expected = full_covariances(model.covariances, covariance_type, 3, 4)[:, indices][:, :, indices]
    assert_array_equal(full_covariances(found.covariances, covariance_type, 3, len(indices)), expected)


def test_only_the_lower_triangle_is_read_in_any_order_of_features() -> None:
    model = random_mixture(np.random.default_rng(3), 2, 3)
    lower = model._replace(covariances=np.tril(model.covariances))
    for indices in (given(2, 0), given(0, 2)):
        for found, expected in zip(
            _core.marginal(indices, *lower, covariance_type="full"),
            _core.marginal(indices, *model, covariance_type="full"),
            strict=True,
        ):
            assert_array_equal(found, expected)
        values = np.zeros((1, 2))
        for found, expected in zip(
            conditional(indices, values, lower, "full"), conditional(indices, values, model, "full"), strict=True
        ):
            assert_array_equal(found, expected)


def test_bad_indices_are_named() -> None:
    model = random_mixture(np.random.default_rng(4), 2, 3)
    for indices, message in [
        (given(), "indices is empty; it must be at least one feature"),
        (given(0, 3), r"indices is \[0, 3\], with 3 for one of 3 features"),
        (given(-1), r"indices is \[-1\], with -1; it must be of features, counted from 0"),
        (given(1, 0, 1), r"indices is \[1, 0, 1\], with 1 twice; it must be of different features"),
    ]:
        values = np.zeros((1, max(len(indices), 1)))
        with pytest.raises(ParameterError, match=message):
            _core.marginal(indices, *model, covariance_type="full")
        with pytest.raises(ParameterError, match=message):
            conditional(indices, values, model, "full")
        with pytest.raises(ParameterError, match=message):
            conditional_mean(indices, values, model, "full")
    with pytest.raises(ParameterError, match=r"indices is \[2, 0, 1\]; it must be such that at least one feature"):
        conditional(given(2, 0, 1), np.zeros((1, 3)), model, "full")


# --- conditionals -----------------------------------------------------------------------------------------------------


class Exact(NamedTuple):
    """The conditional mixture of one row, rounded only here, and the bounds above without A ε."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    mean_bounds: np.ndarray
    covariance_bounds: np.ndarray


def solve_exactly(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Decimal]:
    """The solution of a y = b for a positive definite a, by elimination, and log |a|."""
    a, b = a.copy(), b.copy()
    n = len(a)
    for p in range(n):
        for i in range(p + 1, n):
            factor = a[i, p] / a[p, p]
            a[i, p:] -= factor * a[p, p:]
            b[i] -= factor * b[p]
    for p in reversed(range(n)):
        b[p] = (b[p] - (a[p, p + 1 :] @ b[p + 1 :] if p + 1 < n else 0)) / a[p, p]
    return b, sum((a[p, p].ln() for p in range(n)), Decimal(0))


def condition_exactly(model: Parameters, full: np.ndarray, indices: np.ndarray, x: np.ndarray) -> Exact:
    rest = others(indices, full.shape[1])
    logs, means, covariances, mean_bounds, covariance_bounds = [], [], [], [], []
    for weight, mean, sigma in zip(model.weights, model.means, full, strict=True):
        given_block, across = exact(sigma[np.ix_(indices, indices)]), exact(sigma[np.ix_(indices, rest)])
        z = exact(x.astype(float)) - exact(mean[indices])
        solution, log_det = solve_exactly(given_block, np.column_stack([z, across]))
        u, slopes = solution[:, 0], solution[:, 1:].T
        logs.append(Decimal(weight).ln() - (log_det + z @ u) / 2)
        means.append(exact(mean[rest]) + slopes @ z)
        covariances.append(exact(sigma[np.ix_(rest, rest)]) - slopes @ across)
        deviations = np.sqrt(np.diag(sigma))
        B = np.abs(slopes.astype(float))
        L = np.linalg.cholesky(sigma[np.ix_(indices, indices)])
        far = np.abs(L) @ np.abs(np.linalg.inv(L)) @ np.abs(z.astype(float))
        s = deviations[rest] + B @ deviations[indices]
        leverage = deviations[indices] @ np.abs(u.astype(float))
        mean_bounds.append(s * leverage + B @ (far + np.abs(z.astype(float))) + np.abs(mean[rest]))
        covariance_bounds.append(np.outer(s, s))
    shares = np.array([(log - max(logs)).exp() for log in logs])
    return Exact(
        (shares / shares.sum()).astype(float),
        np.array(means).astype(float),
        np.array(covariances).astype(float),
        np.array(mean_bounds),
        np.array(covariance_bounds),
    )


@pytest.mark.parametrize("condition", NEAR["float64"])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_conditionals_are_within_their_bounds(covariance_type: str, condition: float) -> None:
    rng = np.random.default_rng(5)
    for (d, indices), offset, scale in itertools.product(
        [(2, (1,)), (3, (2, 0)), (6, (5, 0, 3)), (9, (1, 2, 3, 4, 5, 6, 7, 8)), (9, (4,))],
        (0.0, 1e4, 1e8),
        (1e-120, 1.0, 1e120),
    ):
        unit = random_mixture(rng, 3, d, condition, covariance_type)
        model = Parameters(unit.weights, scale * (unit.means + offset), scale**2 * unit.covariances)
        full = full_covariances(model.covariances, covariance_type, 3, d)
        X = scale * (rows_of(rng, 4, unit, covariance_type) + offset)
        for dtype in (np.float64, np.float32) if scale == 1 else (np.float64,):
            values = X[:, indices].astype(dtype)
            found = conditional(given(*indices), values, model, covariance_type)
            assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-15)
            covariances = full_covariances(found.covariances, covariance_type, 3, d - len(indices))
            with decimal.localcontext(prec=50):
                rows = [condition_exactly(model, full, given(*indices), x) for x in values]
            near = NEAR[values.dtype.name][condition]
            for weights, means, expected in zip(found.weights, found.means, rows, strict=True):
                assert np.all(np.abs(means - expected.means) <= A * EPS * expected.mean_bounds)
                # Rows rounded to float32 may lie far from all components.
                if dtype is np.float64 or offset == 0:
                    assert np.all(np.abs(weights - expected.weights) <= 2 * near)
            error = np.abs(covariances - rows[0].covariances)
            assert np.all(error <= A * EPS * rows[0].covariance_bounds)
            assert_array_equal(covariances, np.swapaxes(covariances, 1, 2))
            assert np.all(np.linalg.eigvalsh(covariances / scale**2) > 0)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_joint_density_is_the_marginal_times_the_conditional(covariance_type: str) -> None:
    rng = np.random.default_rng(6)
    model = random_mixture(rng, 4, 5, covariance_type=covariance_type)
    X = rows_of(rng, 20, model, covariance_type)
    joint = logsumexp(log_terms(X, model, covariance_type), axis=1)
    for indices in (given(0), given(4, 1), given(3, 0, 2, 1)):
        marginal = Parameters(*_core.marginal(indices, *model, covariance_type=covariance_type))
        log_marginal = logsumexp(log_terms(X[:, indices], marginal, covariance_type), axis=1)
        found = conditional(indices, X[:, indices], model, covariance_type)
        rest = X[:, others(indices, 5)]
        for n in range(20):
            # Exponentials below the smallest normal number are 0, and SciPy's logarithm warns of them.
            row = Parameters(np.maximum(found.weights[n], 1e-307), found.means[n], found.covariances)
            log_conditional = logsumexp(log_terms(rest[n : n + 1], row, covariance_type))
            assert_allclose(log_marginal[n] + log_conditional, joint[n], rtol=1e-11)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_the_conditional_mean_and_covariance_are_those_of_numerical_integration(covariance_type: str) -> None:
    rng = np.random.default_rng(7)
    model = random_mixture(rng, 3, 2, covariance_type=covariance_type)
    values = np.array([[-6.0], [-1.0], [0.0], [2.5], [7.0]])
    for given_feature in (0, 1):
        mean, covariance = conditional_mean(given(given_feature), values, model, covariance_type, return_cov=True)
        assert covariance is not None
        grid = np.linspace(-60, 60, 40_001)
        for n, value in enumerate(values[:, 0]):
            X = np.empty((len(grid), 2))
            X[:, given_feature], X[:, 1 - given_feature] = value, grid
            joint = logsumexp(log_terms(X, model, covariance_type), axis=1)
            density = np.exp(joint - joint.max())
            total = integrate.simpson(density, grid)
            expected = integrate.simpson(grid * density, grid) / total
            assert_allclose(mean[n, 0], expected, rtol=1e-10)
            variance = integrate.simpson((grid - expected) ** 2 * density, grid) / total
            assert_allclose(covariance[n, 0, 0], variance, rtol=1e-10)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_mean_and_covariance_are_those_of_the_mixtures(covariance_type: str, dtype: type, offset: float) -> None:
    rng = np.random.default_rng(8)
    model = random_mixture(rng, 4, 6, covariance_type=covariance_type)
    indices = given(5, 0)
    rest = others(indices, 6)
    values = rows_of(rng, 101, model, covariance_type)[:, indices].astype(dtype)
    model.means[:, rest] += offset
    mean, covariance = conditional_mean(indices, values, model, covariance_type, return_cov=True)
    weights, means, covariances = conditional(indices, values, model, covariance_type)
    assert_allclose(mean, np.einsum("nk,nkr->nr", weights, means), rtol=1e-14, atol=1e-13)
    z = means - mean[:, None]
    full = full_covariances(covariances, covariance_type, 4, 4)
    expected = np.einsum("nk,kij->nij", weights, full) + np.einsum("nk,nki,nkj->nij", weights, z, z)
    assert_allclose(covariance, expected, rtol=1e-12, atol=1e-12)
    alone, nothing = conditional_mean(indices, values, model, covariance_type)
    assert_array_equal(alone, mean)
    assert nothing is None
    mixtures = ConditionalMixtures(weights, means, covariances, covariance_type, make=Parameters)
    assert_allclose(mixtures.mean(), mean, rtol=1e-14, atol=1e-13)
    assert_allclose(mixtures.covariance(), covariance, rtol=1e-12, atol=1e-12)


def test_given_the_values_of_a_single_gaussian_the_mean_is_its_linear_regression() -> None:
    rng = np.random.default_rng(9)
    X = rng.standard_normal((500, 4)) @ rng.standard_normal((4, 4)) + 3
    model = Parameters(np.ones(1), X.mean(axis=0)[None], np.cov(X.T)[None])
    design = np.column_stack([np.ones(500), X[:, [1, 3]]])
    expected = design @ np.linalg.lstsq(design, X[:, [0, 2]], rcond=None)[0]
    assert_allclose(conditional_mean(given(1, 3), X[:, [1, 3]], model, "full")[0], expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_far_rows_have_finite_mixtures(covariance_type: str) -> None:
    model = random_mixture(np.random.default_rng(10), 3, 3, covariance_type=covariance_type)
    for dtype, sizes in ((np.float64, (1e3, 1e20, 1e200)), (np.float32, (1e3, 1e20, 1e37))):
        values = np.array([[sign * size] for size in sizes for sign in (-1, 1)], dtype=dtype)
        found = conditional(given(1), values, model, covariance_type)
        assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-14)
        assert np.all(found.weights >= 0)
        assert np.all(np.isfinite(found.means))
        mean, covariance = conditional_mean(given(1), values[:4], model, covariance_type, return_cov=True)
        assert np.all(np.isfinite(mean))
        assert np.all(np.isfinite(covariance))


def test_a_component_of_weight_0_stays_without_weight() -> None:
    model = random_mixture(np.random.default_rng(11), 3, 2)._replace(weights=np.array([0.25, 0.0, 0.75]))
    found = conditional(given(0), np.linspace(-5, 5, 11)[:, None], model, "full")
    assert_array_equal(found.weights[:, 1], 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_threads_strides_and_order_do_not_change_a_bit(covariance_type: str, dtype: type) -> None:
    rng = np.random.default_rng(12)
    model = random_mixture(rng, 4, 5, covariance_type=covariance_type)
    values = rows_of(rng, 20_001, model, covariance_type)[:, :3].astype(dtype)
    indices = given(0, 1, 2)
    wide = np.repeat(np.repeat(values, 2, axis=1), 2, axis=0)
    expected = conditional(indices, values, model, covariance_type, num_threads=1)
    expected_mean = conditional_mean(indices, values, model, covariance_type, return_cov=True, num_threads=1)
    layouts = (values, np.asfortranarray(values), wide[::2, ::2], values[::-1].copy()[::-1])
    for threads, layout in [(2, layouts[0]), (3, layouts[1]), (4, layouts[2]), (5, layouts[3])]:
        found = conditional(indices, layout, model, covariance_type, num_threads=threads)
        mean = conditional_mean(indices, layout, model, covariance_type, return_cov=True, num_threads=threads)
        for one, other in zip((*found, *mean), (*expected, *expected_mean), strict=True):
            assert_array_equal(one, other)


def test_what_conditionals_cannot_be_made_of_is_named() -> None:
    model = random_mixture(np.random.default_rng(13), 2, 3)
    for function in (conditional, conditional_mean):
        with pytest.raises(DimensionError, match=r"values has shape \[4, 2\]; \[4, 1\] is needed"):
            function(given(0), np.zeros((4, 2)), model, "full")
        with pytest.raises(NonFiniteError, match="row 1, column 0"):
            function(given(0), np.array([[0.0], [np.nan]]), model, "full")
        degenerate = model._replace(covariances=model.covariances * np.array([1, 0])[:, None, None])
        with pytest.raises(DegenerateCovarianceError, match="component 1"):
            function(given(0), np.zeros((1, 1)), degenerate, "full")


# --- results for users ------------------------------------------------------------------------------------------------


def test_conditional_mixtures_are_a_sequence() -> None:
    rng = np.random.default_rng(14)
    model = random_mixture(rng, 3, 4, covariance_type="diag")
    found = conditional(given(2, 0), rng.standard_normal((7, 2)), model, "diag")
    mixtures = ConditionalMixtures(*found, "diag", make=Parameters)
    assert len(mixtures) == len(list(mixtures)) == 7
    for index in (0, 6, -1, np.int64(3)):
        assert_array_equal(mixtures[index].weights, found.weights[index])
        assert_array_equal(mixtures[index].means, found.means[index])
        assert_array_equal(mixtures[index].covariances, found.covariances)
    part = mixtures[1:4]
    assert isinstance(part, ConditionalMixtures)
    assert len(part) == 3
    assert_array_equal(part[0].means, mixtures[1].means)
    with pytest.raises(IndexError):
        mixtures[7]
    assert repr(mixtures) == (
        "<ConditionalMixtures: 7 rows, n_components=3, 2 remaining features, covariance_type='diag'>"
    )


def test_queries_are_checked() -> None:
    query = check_query((0, 2), [[1, 2], [3, 4]])
    assert query.indices.dtype == np.int64
    assert query.values.dtype == np.float64
    assert not query.is_single
    assert check_query([1], np.ones(1, dtype=np.float32)).values.dtype == np.float32
    for indices, values, error, message in [
        ([0], np.zeros(5), DimensionError, r"the 1 indices, but have shape \(5,\): use reshape\(-1, 1\)"),
        ([0, 1], np.zeros((5, 3)), DimensionError, r"each of the 2 indices, but have shape \(5, 3\)"),
        ([[0]], [[1.0]], DimensionError, "indices must be 1-D"),
        ([0.0], [[1.0]], ParameterError, r"indices must be integers, counted from 0, but are \[0.0\]"),
        ([True, False], [[1.0]], ParameterError, "indices must be integers"),
        (["height"], [[1.0]], ParameterError, "indices must be integers"),
        ([0, 1], [[1.0, 2.0], [3.0]], DimensionError, "values cannot become a matrix"),
        ([0], [["a"]], ParameterError, "values has dtype"),
    ]:
        with pytest.raises(error, match=message):
            check_query(indices, values)
