"""Learn the species of penguins from their measurements, and leave the model and the results in a folder here.

The species go into the GMM as `category`: they name the classes and give the accuracy, but teach it nothing.
"""

import gmm_rs as gmm
import penguins
from gmm_rs import serket as srk
from stopwatch import milliseconds

birds, _ = penguins.load()

obs = srk.Observation(birds.measurements)
gmm1 = gmm.GMM(len(penguins.SPECIES), category=birds.species, random_state=0)
gmm1.connect(obs)
with_files = milliseconds(gmm1.update)
print(f"learnt from {len(birds.species)} birds in {gmm1.n_iter_} iterations: accuracy {gmm1.accuracy_:.3f}")
print(f"wrote the folder {gmm1.get_name()}")

gmm1.save = False  # once more, to see what the files cost
without_files = milliseconds(gmm1.update)
print(f"update() took {with_files:.1f} ms with its files, {without_files:.1f} ms without")
