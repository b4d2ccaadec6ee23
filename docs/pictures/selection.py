import numpy as np

from gmm_rs import select

birds = np.loadtxt("examples/penguins/penguins.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3, 4))
selection = select(birds, range(1, 10), ("full", "tied", "diag"), "held-out", random_state=0)

ax = selection.plot()
