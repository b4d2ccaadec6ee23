import numpy as np

from gmm_rs import GaussianMixture, plotting

birds = np.loadtxt("examples/penguins/penguins.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3, 4))
model = GaussianMixture(3, random_state=0).fit(birds)

ax = plotting.plot_components(model, birds, features=(2, 3))
ax.set(xlabel="flipper length (mm)", ylabel="body mass (g)")
