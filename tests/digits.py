"""Arithmetic with 50 digits in NumPy's arrays, and how far from it log-densities may be."""

from decimal import Decimal

import numpy as np

exact = np.vectorize(Decimal, otypes=[object])

# Largest absolute error of log p(x) by condition number, of rows within some standard deviations of a component.
NEAR = {
    "float64": {1.0: 1e-10, 1e3: 1e-10, 1e6: 1e-9, 1e10: 3e-6},
    "float32": {1.0: 3e-5, 1e3: 3e-5, 1e6: 5e-4, 1e10: 5e-2},
}
