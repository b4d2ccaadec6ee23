"""Mixtures in files, without pickle.

The file is a NumPy archive (``.npz``, not compressed) with the arrays `weights`, `means`, `covariances` and
`precisions_cholesky`, of float32 or float64, and `header`: JSON as bytes (uint8) with

===================  ==================================================================
key                  value
===================  ==================================================================
``format``           ``"gmm_rs.mixture"``
``version``          1
``covariance_type``  ``"full"``, ``"tied"``, ``"diag"`` or ``"spherical"``
``parameters``       parameters of the estimator that are numbers, strings, flags or null
``results``          what else the fit has found: `converged_` and the like
===================  ==================================================================

A reader ignores keys that it does not know; a change that an old reader must not overlook raises the version.
"""

import json
import math
import os
import zipfile
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs._staging import staged_file
from gmm_rs.exceptions import GmmError, ModelFileError
from gmm_rs.mixture._arrays import check_matrices, check_means, check_weights, covariances_shape
from gmm_rs.mixture._settings import CovarianceType, check_covariance_type

_FORMAT = "gmm_rs.mixture"
_VERSION = 1
ARRAYS = ("weights", "means", "covariances", "precisions_cholesky")
_HEADER = "header"

_UNSOUND = (
    GmmError,
    *(ValueError, TypeError, KeyError),  # of JSON and NumPy's headers
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError),  # of zipfile: damaged, of an unknown kind, encrypted
)
"""What reading a file raises that holds no mixture."""


@dataclass(frozen=True, eq=False)
class StoredMixture:
    """A mixture as it is kept in a file."""

    covariance_type: CovarianceType
    arrays: dict[str, NDArray[Any]]
    parameters: dict[str, Any]
    results: dict[str, Any]


def write_mixture(path: str | PathLike[str], mixture: StoredMixture) -> None:
    """Write `mixture` to the file at `path`; whatever happens, there is the old file or the new one.

    Raises
    ------
    OSError
        If the file cannot be written; the message names the folder.
    """
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "covariance_type": mixture.covariance_type,
        "parameters": mixture.parameters,
        "results": mixture.results,
    }
    content: dict[str, Any] = {_HEADER: np.frombuffer(json.dumps(header).encode(), dtype=np.uint8), **mixture.arrays}
    with staged_file(Path(path)) as staged, staged.open("wb") as file:
        np.savez(file, **content)


def read_mixture(path: str | PathLike[str]) -> StoredMixture:
    """Read the mixture in the file at `path`. Nothing in it is executed, and no more memory taken than it has bytes.

    Raises
    ------
    ModelFileError
        If there is no such file, or it holds no sound mixture.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _interpret(_read_arrays(file))
    except FileNotFoundError as error:
        raise ModelFileError(f"there is no file {path.absolute()}") from error
    except (OSError, MemoryError) as error:
        raise ModelFileError(f"{path} cannot be read: {error}") from error
    except _UNSOUND as error:
        raise ModelFileError(f"{path} is no mixture that gmm_rs can use: {error}") from error


def _read_arrays(file: Any) -> dict[str, NDArray[Any]]:
    """The arrays by name; what is in the archive beside them is not looked at."""
    size = os.fstat(file.fileno()).st_size
    with zipfile.ZipFile(file) as archive:
        arrays = {}
        for name in (_HEADER, *ARRAYS):
            try:
                entry = archive.getinfo(f"{name}.npy")
            except KeyError:
                raise ModelFileError(f"it has no {name}") from None
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size:
                raise ModelFileError(f"its {name} are compressed or larger than the file")
            size -= entry.file_size
            arrays[name] = _read_array(name, archive.read(entry))
    return arrays


def _read_array(name: str, content: bytes) -> NDArray[Any]:
    """An array from the bytes of an npy file, if they are as many as its shape says."""
    stream = BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ModelFileError(f"its {name} are of an unknown version of npy")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    wanted = (np.uint8,) if name == _HEADER else (np.float32, np.float64)
    if dtype.newbyteorder("=") not in wanted:
        raise ModelFileError(f"its {name} have the dtype {dtype}")
    if any(length < 0 for length in shape) or math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise ModelFileError(f"its {name} have the shape {shape}, which does not fit the size of the file")
    flat = np.frombuffer(content, dtype=dtype, offset=stream.tell())
    return flat.reshape(shape, order="F" if fortran_order else "C").astype(dtype.newbyteorder("="), order="C")


def _interpret(arrays: dict[str, NDArray[Any]]) -> StoredMixture:
    header = json.loads(arrays.pop(_HEADER).tobytes())
    if not (isinstance(header, dict) and header.get("format") == _FORMAT):
        raise ModelFileError("it is not from gmm_rs")
    if header.get("version") != _VERSION:
        raise ModelFileError(f"its version is not {_VERSION}, the only one that this gmm_rs knows: install a newer one")
    covariance_type = check_covariance_type(header["covariance_type"])
    means = arrays["means"]
    if means.ndim != 2 or means.size == 0:
        raise ModelFileError(f"its means have the shape {means.shape}")
    check_weights(arrays["weights"], len(means))
    check_means(means, *means.shape)
    check_matrices("covariance", arrays["covariances"], covariance_type, *means.shape)
    factors = arrays["precisions_cholesky"]
    if factors.shape != covariances_shape(covariance_type, *means.shape) or not np.isfinite(factors).all():
        raise ModelFileError("its precisions_cholesky do not fit its covariances")
    parameters, results = header["parameters"], header["results"]
    if not (isinstance(parameters, dict) and isinstance(results, dict) and _are_results(results, means.shape[1])):
        raise ModelFileError("its header is damaged")
    return StoredMixture(covariance_type, arrays, parameters, results)


def _are_results(results: dict[str, Any], n_features: int) -> bool:
    """Whether each of the results that a fit leaves has its type, as far as it is there."""
    names, bounds = results.get("feature_names_in_", [""] * n_features), results.get("lower_bounds_", [])
    return (
        type(results.get("converged_", False)) is bool
        and type(results.get("n_iter_", 0)) is int
        and type(results.get("lower_bound_", 0.0)) is float
        and isinstance(bounds, list)
        and all(type(bound) is float for bound in bounds)
        and isinstance(names, list)
        and len(names) == n_features
        and all(isinstance(name, str) for name in names)
    )
