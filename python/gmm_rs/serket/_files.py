"""The contents of a module's folder: text files for people, and the model for recognition.

``model.pickle`` is a pickle (protocol 4) of a dict of built-in types and NumPy arrays:

===================  ================================
key                  value
===================  ================================
``format``           ``"gmm_rs.serket.gmm"``
``version``          1
``covariance_type``  ``"full"``
``weights``          float64 array of shape (K,)
``means``            float64 array of shape (K, D)
``covariances``      float64 array of shape (K, D, D)
===================  ================================

A reader ignores keys that it does not know; a change that an old reader must not overlook raises the version.
"""

import pickle
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from gmm_rs import _core
from gmm_rs._validation import Float64Array
from gmm_rs.exceptions import GmmError, ModelFileError
from gmm_rs.serket._accuracy import IntArray
from gmm_rs.serket._layout import MODEL_FILE, TextNames
from gmm_rs.serket._model import Model
from gmm_rs.serket._original import read_original
from gmm_rs.serket._pickle import read_pickle
from gmm_rs.serket._results import Results

_FORMAT = "gmm_rs.serket.gmm"
_VERSION = 1
_TextFormat: TypeAlias = Literal["%d", "%f", "%.18e"]


def write_texts(
    folder: Path, names: TextNames, results: Results, log_likelihoods: Float64Array | None, *, num_threads: int
) -> None:
    """Write the text files of one update into `folder`: those of `names` that there is something to write for.

    Parameters
    ----------
    folder : Path
    names : TextNames
    results : Results
    log_likelihoods : ndarray or None
        Log-likelihood for each iteration, in nats; None after recognition.
    num_threads : int

    Raises
    ------
    OSError
    """
    accuracy = None if results.accuracy is None else np.array([results.accuracy])
    files: list[tuple[str | None, Float64Array | IntArray | None, _TextFormat]] = [
        (names.probabilities, results.probabilities, "%f"),
        (names.row_means, results.row_means, "%.18e"),
        (names.labels, results.named_labels, "%d"),
        (names.accuracy, accuracy, "%f"),
        (names.log_likelihoods, log_likelihoods, "%f"),
    ]
    for name, values, text_format in files:
        if name is not None and values is not None:
            matrix = values.reshape(len(values), -1)
            _core.write_text(folder / name, matrix, text_format, num_threads=num_threads)


def write_model(folder: Path, model: Model) -> None:
    """Write ``model.pickle`` into `folder`.

    Raises
    ------
    OSError
    """
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "covariance_type": "full",
        "weights": model.weights,
        "means": model.means,
        "covariances": model.covariances,
    }
    (folder / MODEL_FILE).write_bytes(pickle.dumps(content, protocol=4))


def read_model(folder: Path, *, reader: str) -> Model:
    """The model in `folder`: ours, or one of the original Serket. Nothing in the file is executed.

    Parameters
    ----------
    folder : Path
    reader : str
        Name of the module that wants it, for errors.

    Raises
    ------
    ModelFileError
        If there is no model, or what there is cannot be trusted to be one.
    """
    path = folder / MODEL_FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{reader} finds no trained model in the folder {folder}: there is no {path.absolute()}. Recognition needs "
            f'what learning left: run with mode="learn" first, with the same modules constructed in the same order '
            f"(which gives the number in {reader}) and in the same working folder, or name the folder with load_dir="
        ) from error
    except (OSError, MemoryError) as error:
        raise ModelFileError(f"{path} cannot be read: {error}") from error
    try:
        with np.errstate(all="ignore"):  # numbers in a hostile file may overflow; the check finds what comes of it
            model = _interpret(read_pickle(data), file_size=len(data))
            model.check()
    except (pickle.UnpicklingError, GmmError) as error:
        raise ModelFileError(f"{path} is no model that gmm_rs can use: {error}") from error
    return model


def _interpret(content: Any, *, file_size: int) -> Model:
    if isinstance(content, list):
        return read_original(content, file_size)
    if not (isinstance(content, dict) and _has(content, "format", _FORMAT)):
        raise ModelFileError("it is neither from gmm_rs nor from the GMM of Serket")
    if not _has(content, "version", _VERSION):
        raise ModelFileError(f"its version is not {_VERSION}, the only one that this gmm_rs knows: install a newer one")
    if not _has(content, "covariance_type", "full"):
        raise ModelFileError('its covariance_type is not "full"')
    return Model(*(_float64(content, name) for name in ("weights", "means", "covariances")))


def _has(content: dict[str, Any], key: str, expected: object) -> bool:
    value = content.get(key)
    return type(value) is type(expected) and bool(value == expected)


def _float64(content: dict[str, Any], name: str) -> Float64Array:
    array = content.get(name)
    if not (isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.dtype.itemsize == 8):
        raise ModelFileError(f"its {name} are missing or no float64 array")
    return array.astype(np.float64)  # a copy of its own, in native byte order
