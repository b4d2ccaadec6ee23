"""Where the files of a module are: the layout of Serket's documentation page, and the one of newer Serket code.

==========  =============================================================  ==================================
            flat (the page)                                                numbered (newer Serket)
==========  =============================================================  ==================================
folder      ``module001_gmm/``                                             ``module001_gmm/000/``, ``001/`` and
                                                                           so on, one for each learning update;
                                                                           ``module001_gmm/recog/``
text files  ``Pdz_{mode}.txt``, ``mu_{mode}.txt``, ``class_{mode}.txt``,   ``Pdz.txt``, ``mu.txt``, ``class.txt``,
            ``acc_{mode}.txt``                                             ``acc.txt``, ``liklihood.txt``
model       ``model.pickle``                                               ``model.pickle``
==========  =============================================================  ==================================
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Mode = Literal["learn", "recog"]

MODEL_FILE = "model.pickle"
_NUMBERED_FOLDER = re.compile(r"\d{3,}")


@dataclass(frozen=True)
class TextNames:
    """Names of the text files of one update; None where the layout has no such file."""

    probabilities: str
    row_means: str
    labels: str
    accuracy: str
    log_likelihoods: str | None


class Layout(Protocol):
    """Where results go and where a trained model is found, below the folder of one module."""

    def results_folder(self, module_folder: Path, mode: Mode, n_learnt: int) -> Path:
        """Folder for the next results of a module that has learnt `n_learnt` times."""

    def model_folder(self, module_folder: Path) -> Path:
        """Folder in which recognition looks for the model."""

    def text_names(self, mode: Mode) -> TextNames:
        """Names of the text files."""


class FlatLayout:
    """One folder, in which each update replaces the files of the one before."""

    def results_folder(self, module_folder: Path, mode: Mode, n_learnt: int) -> Path:
        """Give the module's own folder, whatever the update."""
        return module_folder

    def model_folder(self, module_folder: Path) -> Path:
        """Give the module's own folder."""
        return module_folder

    def text_names(self, mode: Mode) -> TextNames:
        """Give names that tell the mode."""
        return TextNames(f"Pdz_{mode}.txt", f"mu_{mode}.txt", f"class_{mode}.txt", f"acc_{mode}.txt", None)


class NumberedLayout:
    """A folder for each learning update, and one for recognition."""

    def results_folder(self, module_folder: Path, mode: Mode, n_learnt: int) -> Path:
        """Give the folder with the number of the update, or ``recog``."""
        return module_folder / (f"{n_learnt:03d}" if mode == "learn" else "recog")

    def model_folder(self, module_folder: Path) -> Path:
        """Give the numbered folder whose model was written last, ``000`` if there is none.

        Not the highest number: a longer run of the past may have left folders that this run has not reached.
        """
        models = [
            path for path in module_folder.glob(f"*/{MODEL_FILE}") if _NUMBERED_FOLDER.fullmatch(path.parent.name)
        ]
        if not models:
            return module_folder / "000"
        return max(models, key=lambda path: (path.stat().st_mtime_ns, int(path.parent.name))).parent

    def text_names(self, mode: Mode) -> TextNames:
        """Give names without the mode, which the folder tells; the log-likelihoods come from learning alone."""
        return TextNames("Pdz.txt", "mu.txt", "class.txt", "acc.txt", "liklihood.txt" if mode == "learn" else None)


LAYOUTS: dict[str, Layout] = {"flat": FlatLayout(), "numbered": NumberedLayout()}
