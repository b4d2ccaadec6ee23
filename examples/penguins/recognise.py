"""Recognise penguins that `learn.py` has not seen, with the model that it left in this folder.

The modules are made in the same order as there, so the GMM has the same number and finds its folder.
"""

import time

import gmm_rs as gmm
import penguins
from gmm_rs import serket as srk

_, birds = penguins.load()

obs = srk.Observation(birds.measurements)
gmm1 = gmm.GMM(len(penguins.SPECIES), category=birds.species, mode="recog")
gmm1.connect(obs)

start = time.perf_counter()
gmm1.update()
seconds = time.perf_counter() - start

print(f"recognised {len(birds.species)} new birds: accuracy {gmm1.accuracy_:.3f}")
print(f"update() took {1e3 * seconds:.1f} ms and added to the folder {gmm1.get_name()}")
