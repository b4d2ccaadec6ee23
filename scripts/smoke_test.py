"""Run a small Serket pipeline with nothing but the installed package, in a folder that is removed afterwards.

For an environment where gmm_rs was installed from a wheel: it shows that the extension module loads there, computes,
and writes its files. Needs no test runner.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

import gmm_rs as gmm
from gmm_rs import serket as srk


def main() -> None:
    """Two far clusters, learnt in the current folder: every class right, every file there."""
    random = np.random.default_rng(0)
    category = np.repeat([0, 1], 50)
    data = random.normal(size=(100, 2)) + 20.0 * category[:, np.newaxis]

    observation = srk.Observation(data)
    gmm1 = gmm.GMM(2, category=category, random_state=0)
    gmm1.connect(observation)
    gmm1.update()

    if gmm1.accuracy_ != 1.0:
        sys.exit(f"accuracy {gmm1.accuracy_} on two far clusters")
    folder = Path("module001_gmm")
    for name in ("model.pickle", "acc_learn.txt", "class_learn.txt", "mu_learn.txt", "Pdz_learn.txt"):
        if not (folder / name).is_file():
            sys.exit(f"{folder / name} was not written")
    print(f"gmm_rs {gmm.__version__} on Python {sys.version.split()[0]}, {sys.platform}: works")


if __name__ == "__main__":
    start = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            main()
        finally:
            os.chdir(start)
