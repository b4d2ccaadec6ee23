"""`GaussianMixture`, an estimator with the interface of scikit-learn's, which need not be installed.

Beside it: what its methods and attributes give, and the statistics by which data in pieces are learnt from.
"""

from gmm_rs.mixture._conditional import ConditionalMixtures
from gmm_rs.mixture._gaussian_mixture import GaussianMixture
from gmm_rs.mixture._restart import Restart
from gmm_rs.mixture._statistics import SufficientStats

__all__ = ["ConditionalMixtures", "GaussianMixture", "Restart", "SufficientStats"]
