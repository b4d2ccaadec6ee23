"""The penguin data: body measurements and species, split into birds to learn from and birds to recognise."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("penguins.csv")
MEASUREMENTS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
SPECIES = ("Adelie", "Chinstrap", "Gentoo")


class Penguins(NamedTuple):
    """Birds, one per row: `measurements` of shape (n, 4) in mm and g, `species` of shape (n,) as indices of SPECIES."""

    measurements: NDArray[np.float64]
    species: NDArray[np.int64]


def load() -> tuple[Penguins, Penguins]:
    """The birds to learn from, and those held out: every fourth one, so that all species and islands are in both."""
    with FILE.open(newline="", encoding="utf-8") as lines:
        birds = list(csv.DictReader(lines))
    measurements = np.array([[float(bird[name]) for name in MEASUREMENTS] for bird in birds])
    species = np.array([SPECIES.index(bird["species"]) for bird in birds])
    held_out = np.arange(len(birds)) % 4 == 3
    return Penguins(measurements[~held_out], species[~held_out]), Penguins(measurements[held_out], species[held_out])
