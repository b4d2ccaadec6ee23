import numpy as np

from gmm_rs import GaussianMixture, plotting

rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 2)) + 2 * rng.integers(3, size=(2000, 1))
plain = GaussianMixture(3, max_iter=300, tol=1e-6, random_state=0).fit(X)
squarem = GaussianMixture(3, max_iter=300, tol=1e-6, random_state=0, acceleration="squarem").fit(X)

ax = plotting.plot_lower_bound(plain, label="EM")
ax = plotting.plot_lower_bound(squarem, label='acceleration="squarem"', ax=ax)
