"""Recognise penguins that `learn.py` has not seen, with the model that it left in this folder.

The modules are made in the same order as there, so the GMM has the same number and finds its folder.
"""

import gmm_rs as gmm
import penguins
from gmm_rs import serket as srk
from stopwatch import milliseconds

_, birds = penguins.load()

obs = srk.Observation(birds.measurements)
gmm1 = gmm.GMM(len(penguins.SPECIES), category=birds.species, mode="recog")
gmm1.connect(obs)
with_files = milliseconds(gmm1.update)
print(f"recognised {len(birds.species)} new birds: accuracy {gmm1.accuracy_:.3f}")
print(f"added its files to the folder {gmm1.get_name()}")

gmm1.save = False  # once more, to see what the files cost
without_files = milliseconds(gmm1.update)
print(f"update() took {with_files:.1f} ms with its files, {without_files:.1f} ms without")
