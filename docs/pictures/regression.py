import numpy as np
from matplotlib import pyplot as plt

from gmm_rs import GaussianMixture

birds = np.loadtxt("examples/penguins/penguins.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3, 4))
model = GaussianMixture(3, random_state=0).fit(birds).marginal([2, 3])

flipper = np.linspace(170, 235, 200)
mean, covariance = model.predict_conditional_mean([0], flipper[:, None], return_cov=True)
mass, sd = mean[:, 0], np.sqrt(covariance[:, 0, 0])

fig, ax = plt.subplots(layout="constrained")
ax.scatter(*birds[:, 2:].T, s=12, color="0.6", linewidths=0)
for n_std in (1, 2):
    ax.fill_between(flipper, mass - n_std * sd, mass + n_std * sd, color="#0072B2", alpha=0.15, linewidth=0)
ax.plot(flipper, mass, color="#0072B2")
ax.set(xlabel="flipper length (mm)", ylabel="body mass (g)")
