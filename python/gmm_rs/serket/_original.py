"""Models trained by the original GMM of Serket, as the mixtures they stand for.

That module keeps for each class the statistics of its rows x and the parameters of its Gauss-Wishart posterior:
``[X, C, r, nu, n, m0]`` with X = sum of x, C = sum of x x', n rows, r = 1 + n, nu = D + 2 + n, and the prior mean m0.
The prior scatter S0 = 0.1 I is not in the file. With the mean of the class's rows, x_ = X / n, the posterior has

  m = (X + m0) / (1 + n)        S = S0 + (C - n x_ x_') + n / (1 + n) (x_ - m0)(x_ - m0)'      (Murphy 2012, sec. 4.6.3)

and its predictive density is a Student t around m with covariance  S (r + 1) / (r (nu - D - 1)).  The class becomes
the Gaussian with this mean and covariance, and weight n / sum of n.
"""

from typing import Any

import numpy as np

from gmm_rs._validation import Float64Array
from gmm_rs.exceptions import DegenerateCovarianceError, DimensionError, ParameterError
from gmm_rs.serket._model import Model

PRIOR_SCATTER = 0.1


def read_original(classes: list[Any], file_size: int) -> Model:
    """The mixture that the content of an original ``model.pickle`` stands for.

    Parameters
    ----------
    classes : list
        For each class the list described above.
    file_size : int
        In bytes; bounds what the model can hold.

    Returns
    -------
    Model
        Not checked yet.

    Raises
    ------
    DimensionError, ParameterError, DegenerateCovarianceError
        If the list is not what that module writes, or rounding there has left no positive definite covariance.
    """
    statistics = [_Statistics(k, values) for k, values in enumerate(classes)]
    if not statistics:
        raise DimensionError("it has no classes")
    n_features = len(statistics[0].prior_mean)
    if any(len(one.prior_mean) != n_features for one in statistics):
        raise DimensionError("its classes have different numbers of features")
    if len(statistics) * n_features**2 > file_size:  # a number takes at least a byte, unless classes share arrays
        raise DimensionError(f"it is too small for {len(statistics)} classes of {n_features} features")
    n_samples = sum(one.n_samples for one in statistics)
    if n_samples <= 0:
        raise ParameterError("its classes have no rows")
    return Model(
        weights=np.array([one.n_samples / n_samples for one in statistics]),
        means=np.array([one.mean() for one in statistics]),
        covariances=np.array([one.covariance() for one in statistics]),
    )


class _Statistics:
    """One class: ``[X, C, r, nu, n, m0]``, checked."""

    def __init__(self, k: int, values: object) -> None:
        if not (isinstance(values, list) and len(values) == 6):
            raise ParameterError(f"class {k} is not a list of 6 values")
        self._k = k
        total, products, precision, degrees_of_freedom, n_samples, prior_mean = values
        for array in (total, products, prior_mean):
            if not (isinstance(array, np.ndarray) and array.ndim == 2 and np.isfinite(array).all()):
                raise ParameterError(f"an array of class {k} is not a matrix of finite numbers")
        n_features = len(prior_mean)
        shapes = (total.shape, products.shape, prior_mean.shape)
        if shapes != ((n_features, 1), (n_features, n_features), (n_features, 1)):
            raise DimensionError(f"the arrays of class {k} have the shapes {shapes}")
        for number in (precision, degrees_of_freedom, n_samples):
            if not (type(number) in (int, float) and 0 <= number < 2**53):
                raise ParameterError(f"a number of class {k} is out of its domain")
        if precision <= 0 or degrees_of_freedom <= n_features + 1:
            raise ParameterError(f"the posterior of class {k} has no covariance")
        self.total = total[:, 0].astype(np.float64)
        self.products = products
        self.precision = float(precision)
        self.degrees_of_freedom = float(degrees_of_freedom)
        self.n_samples = float(n_samples)
        self.prior_mean = prior_mean[:, 0].astype(np.float64)

    def mean(self) -> Float64Array:
        return np.asarray((self.total + self.prior_mean) / (1.0 + self.n_samples))

    def covariance(self) -> Float64Array:
        n = self.n_samples
        scatter = PRIOR_SCATTER * np.eye(len(self.prior_mean))
        if n > 0:
            # The one difference of large numbers: in the widest type there is.
            total = self.total.astype(np.longdouble)
            scatter += (self.products - np.outer(total, total) / n).astype(np.float64)
            offset = self.total / n - self.prior_mean
            scatter += n / (1.0 + n) * np.outer(offset, offset)
        scatter = (scatter + scatter.T) / 2.0
        try:
            np.linalg.cholesky(scatter)
        except np.linalg.LinAlgError as error:
            raise DegenerateCovarianceError(
                f"the covariance of class {self._k} is not positive definite: the data were too far from 0 for their "
                f"spread when the original module summed them; learn again with gmm_rs"
            ) from error
        factor = (self.precision + 1.0) / (self.precision * (self.degrees_of_freedom - len(self.prior_mean) - 1.0))
        return np.asarray(scatter * factor)
