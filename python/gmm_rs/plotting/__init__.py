"""Pictures of mixtures, drawn with matplotlib, which the extra ``plot`` installs.

Each function draws on the axes that it is given, or on those of a new figure, and returns them; none calls
``pyplot.show``. Models are taken as they come, `gmm_rs.GMM`, `gmm_rs.GaussianMixture` or scikit-learn's: what counts is
their fitted attributes. Importing this package does not import matplotlib.
"""

from gmm_rs.plotting._components import plot_components
from gmm_rs.plotting._criterion import plot_criterion
from gmm_rs.plotting._lower_bound import plot_lower_bound

__all__ = ["plot_components", "plot_criterion", "plot_lower_bound"]
