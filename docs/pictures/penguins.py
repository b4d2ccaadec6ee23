"""Penguins, and the classes that a Serket module finds."""

import numpy as np

import gmm_rs as gmm
from gmm_rs import plotting
from gmm_rs import serket as srk

birds = np.loadtxt("examples/penguins/penguins.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3, 4))
gmm1 = gmm.GMM(3, random_state=0, save=False)
gmm1.connect(srk.Observation(birds))
gmm1.update()
ax = plotting.plot_components(gmm1, birds, features=(0, 2), labels=gmm1.labels_)
ax.set(xlabel="bill length (mm)", ylabel="flipper length (mm)")
