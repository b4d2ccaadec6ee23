import numpy as np

from gmm_rs import GaussianMixture, plotting

birds = np.loadtxt("examples/penguins/penguins.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3, 4))
models = [
    GaussianMixture(n_components, covariance_type=covariance_type, n_init=5, random_state=0).fit(birds)
    for covariance_type in ("full", "tied", "diag")
    for n_components in range(1, 8)
]

ax = plotting.plot_criterion(models, birds, criterion="bic")
