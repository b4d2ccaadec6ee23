"""Learn the species of penguins from their measurements, and leave the model and the results in a folder here.

The species go into the GMM as `category`: they name the classes and give the accuracy, but teach it nothing.
"""

import time

import gmm_rs as gmm
import penguins
from gmm_rs import serket as srk

birds, _ = penguins.load()

obs = srk.Observation(birds.measurements)
gmm1 = gmm.GMM(len(penguins.SPECIES), category=birds.species, n_init=3, random_state=0)
gmm1.connect(obs)

start = time.perf_counter()
gmm1.update()
seconds = time.perf_counter() - start

print(f"learnt from {len(birds.species)} birds in {gmm1.n_iter_} iterations: accuracy {gmm1.accuracy_:.3f}")
print(f"update() took {1e3 * seconds:.1f} ms and wrote the folder {gmm1.get_name()}")
