"""Log-densities and responsibilities against 50 digits, with a bound for every row and component.

With y = L⁻¹(x − μ), q = ‖y‖², S = Σ_i |y_i| Σ_j |L⁻¹_ij (x − μ)_j| and ε of the data's type, the error of
log(w N(x; μ, Σ)) is at most

    A ε (1 + |log(w N)| + S)  +  2⁻⁵² cond(Σ) (D + q) / 4  +  2 ε R √(D q),     A = 3 in float64, 1 in float32

where the second term, the rounding of the Cholesky factor, is for full and tied covariances only. R is what folding
costs: max_i Σ_j |L⁻¹_ij μ_j| of components for which that is at most FAR (`Element::FAR`), 0 of others; FAR for
several components with a tied covariance, whose kernel maps rows once and not per component. S is about q where
features don't cancel, and up to D √cond times that where they do. The constants are at most four times what is
measured. What follows for rows near a component is `NEAR`.
"""

import decimal
import itertools
import pickle
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from digits import NEAR, exact
from mixtures import (
    COVARIANCE_TYPES,
    DTYPES,
    INSTRUCTION_SETS,
    Parameters,
    evaluate,
    full_covariances,
    in_process,
    random_covariances,
)
from scipy.special import logsumexp

DIMENSIONS = (1, 2, 3, 4, 5, 8, 16, 17, 33)
CONDITIONS = (1.0, 1e3, 1e6, 1e10)
OFFSETS = (0.0, 20.0, 5e3, 1e8)
# None: a single component.
SEPARATIONS = (None, 0.0, 1e2, 1e5)

A = {"float64": 3, "float32": 1}
FAR = {"float64": 1e4, "float32": 32}

PI = Decimal("3.14159265358979323846264338327950288419716939937510582")


class Exact(NamedTuple):
    """Of every row and component: log(w N), that less the row's largest, q, S; R of a component. Rounded only here."""

    terms: np.ndarray
    gaps: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    reaches: np.ndarray


class Case(NamedTuple):
    covariance_type: str
    condition: float
    X: np.ndarray
    model: Parameters
    exact: Exact
    name: str

    def error_bounds(self) -> np.ndarray:
        """The bound above, of every row and component."""
        (n_components, d), dtype = self.model.means.shape, self.X.dtype.name
        eps = np.finfo(dtype).eps
        bounds: np.ndarray = A[dtype] * eps * (1 + np.abs(self.exact.terms) + self.exact.products)
        if self.covariance_type in ("full", "tied"):
            bounds += 2.0**-54 * self.condition * (d + self.exact.squares)
        reaches = np.where(self.exact.reaches <= FAR[dtype], self.exact.reaches, 0.0)
        if self.covariance_type == "tied" and n_components > 1:
            reaches = np.full(n_components, FAR[dtype])
        return bounds + 2 * eps * reaches * np.sqrt(d * self.exact.squares)


def factorise(covariance: np.ndarray) -> tuple[np.ndarray, Decimal]:
    """L⁻¹ and log |Σ|."""
    d = len(covariance)
    sigma = exact(covariance)
    L, inverse = exact(np.zeros((2, d, d)))
    for i in range(d):
        for j in range(i):
            L[i, j] = (sigma[i, j] - L[i, : j + 1] @ L[j, : j + 1]) / L[j, j]
        L[i, i] = (sigma[i, i] - L[i, : i + 1] @ L[i, : i + 1]).sqrt()
        inverse[i] = -(L[i] @ inverse) / L[i, i]
        inverse[i, i] = 1 / L[i, i]
    return inverse, 2 * sum((L[i, i].ln() for i in range(d)), Decimal(0))


def exactly(X: np.ndarray, model: Parameters, factors: list[tuple[np.ndarray, Decimal]]) -> Exact:
    (n, d), k = X.shape, len(model.weights)
    rows, means = exact(X.astype(float)), exact(model.means)
    terms, squares, products = np.empty((n, k), dtype=object), np.empty((n, k)), np.empty((n, k))
    reaches = np.empty(k)
    for j, (inverse, log_det) in enumerate(factors):
        z = rows - means[j]
        y = z @ inverse.T
        q = (y * y).sum(axis=1)
        terms[:, j] = Decimal(model.weights[j]).ln() - (d * (2 * PI).ln() + log_det + q) / 2
        squares[:, j] = q
        sizes = np.abs(z.astype(float)) @ np.abs(inverse.astype(float)).T
        products[:, j] = (np.abs(y.astype(float)) * sizes).sum(axis=1)
        reaches[j] = (np.abs(inverse.astype(float)) @ np.abs(model.means[j])).max()
    gaps = terms - terms.max(axis=1)[:, None]
    return Exact(terms.astype(float), gaps.astype(float), squares, products, reaches)


def make_case(rng: np.random.Generator, kind: tuple[Any, ...], covariances: np.ndarray, factors: list[Any]) -> Case:
    """Rows near each component, between two of them, and 10, 100 and 100,000 standard deviations out."""
    covariance_type, d, condition, offset, separation, dtype = kind
    k = 1 if separation is None else len(factors)
    means = offset + (separation or 0.0) * rng.standard_normal((k, d)) / np.sqrt(d)
    model = Parameters(
        rng.dirichlet(np.full(k, 5.0)), means, covariances if covariance_type == "tied" else covariances[:k]
    )
    component = np.arange(6) % k
    L = np.linalg.cholesky(full_covariances(covariances, covariance_type, len(factors), d))[component]
    near = means[component] + np.einsum("nij,nj->ni", L, rng.standard_normal((6, d)))
    out = means[0] + np.array([[1e1], [1e2], [1e5]]) * rng.standard_normal((3, d))
    X = np.concatenate([near, out, means[:2].mean(axis=0)[None]]).astype(dtype)
    return Case(covariance_type, condition, X, model, exactly(X, model, factors[:k]), str(kind))


@cache
def cases() -> list[Case]:
    found = []
    with decimal.localcontext(prec=50):
        for index, (covariance_type, (i, d), (j, condition)) in enumerate(
            itertools.product(COVARIANCE_TYPES, enumerate(DIMENSIONS), enumerate(CONDITIONS))
        ):
            rng = np.random.default_rng(index)
            covariances = random_covariances(rng, covariance_type, 3, d, condition)
            full = full_covariances(covariances, covariance_type, 3, d)
            factors = 3 * [factorise(full[0])] if covariance_type == "tied" else [factorise(sigma) for sigma in full]
            rest = itertools.product(enumerate(OFFSETS), enumerate(SEPARATIONS))
            for ((m, offset), (n, separation)), dtype in itertools.product(rest, DTYPES):
                # A third of all combinations, such that every pair of values occurs.
                if (i + j + m + n) % 3 == 0:
                    kind = covariance_type, d, condition, offset, separation, dtype.__name__
                    found.append(make_case(rng, kind, covariances, factors))
    return found


def check(case: Case, log_prob: np.ndarray, proba: np.ndarray) -> None:
    bounds, dtype = case.error_bounds(), case.X.dtype.name
    eps = np.finfo(dtype).eps
    terms, gaps = case.exact.terms, case.exact.gaps
    expected = terms.max(axis=1) + logsumexp(gaps, axis=1)
    # Terms that are off by their bounds, all to one side, move the sum farthest.
    allowed = np.maximum(
        logsumexp(gaps + bounds, axis=1) - logsumexp(gaps, axis=1),
        logsumexp(gaps, axis=1) - logsumexp(gaps - bounds, axis=1),
    )
    error = np.abs(log_prob - expected)
    assert np.all(error <= allowed + eps * (1 + np.abs(expected))), f"{case.name}: {(error / allowed).max()}"
    near = case.exact.squares.min(axis=1) < 20 + 4 * case.X.shape[1]
    assert np.all(error[near] <= NEAR[dtype][case.condition]), f"{case.name}: {error[near].max()}"

    for k in range(gaps.shape[1]):
        for sign in (-1, 1):
            # P(k) is smallest where its term is off to one side and all others are to the other.
            moved = gaps - sign * bounds
            moved[:, k] = gaps[:, k] + sign * bounds[:, k]
            extreme = np.exp(moved[:, k] - logsumexp(moved, axis=1))
            # Below twice the smallest normal number, exponentials are 0.
            slack = 8 * eps * extreme + 4 * np.finfo(dtype).tiny
            assert np.all(sign * (proba[:, k] - extreme) <= slack), f"{case.name}: {proba[:, k]} against {extreme}"


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_every_row_is_within_its_bound(instruction_set: str, tmp_path: Path) -> None:
    inputs = [(case.X, case.model, case.covariance_type) for case in cases()]
    (tmp_path / "inputs").write_bytes(pickle.dumps(inputs))
    code = (
        "import pathlib, pickle; from mixtures import evaluate\n"
        "inputs = pickle.loads(pathlib.Path('inputs').read_bytes())\n"
        "names = 'score_samples', 'predict_proba'\n"
        "found = [[evaluate(name, *given) for name in names] for given in inputs]\n"
        "pathlib.Path('found').write_bytes(pickle.dumps(found))\n"
    )
    in_process(instruction_set, code, tmp_path)
    found = pickle.loads((tmp_path / "found").read_bytes())
    for case, (log_prob, proba) in zip(cases(), found, strict=True):
        check(case, log_prob, proba)


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
@pytest.mark.parametrize("condition", [1.0, 1e3])
@pytest.mark.parametrize("d", [1, 3, 8, 33, 64])
@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-9), (np.float32, 1e-4)])
@pytest.mark.parametrize("side", [0.99, 1.01])
def test_components_at_the_limit_of_folding(
    covariance_type: str, d: int, condition: float, dtype: type, bound: float, side: float
) -> None:
    # Up to FAR rows and means are mapped apart; beyond, their difference is formed first.
    rng = np.random.default_rng(d)
    covariance = random_covariances(rng, "tied", 2, d, condition)
    L = np.linalg.cholesky(covariance)
    direction = rng.standard_normal(d)
    direction *= side * FAR[np.dtype(dtype).name] / (np.abs(np.linalg.inv(L)) @ np.abs(direction)).max()
    covariances = covariance if covariance_type == "tied" else np.stack([covariance, covariance])
    model = Parameters(np.array([0.5, 0.5]), np.array([-direction, direction]), covariances)
    X = (model.means[np.arange(100) % 2] + rng.standard_normal((100, d)) @ L.T).astype(dtype)
    with decimal.localcontext(prec=50):
        terms = exactly(X[:20], model, 2 * [factorise(covariance)]).terms
    found = evaluate("score_samples", X, model, covariance_type)[:20]
    assert np.abs(found - logsumexp(terms, axis=1)).max() < bound
