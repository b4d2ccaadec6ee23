"""Sufficient statistics as bytes, without pickle.

======  ====  =========================================================================
offset  type  content
======  ====  =========================================================================
0       8s    ``b"GMMSTATS"``
8       u16   version, 1
10      u16   covariance type: 0 full, 1 tied, 2 diag, 3 spherical
12      u32   number of components, K
16      u32   number of features, D
20      u64   number of rows
28      f64   log-likelihood
36      f64   anchors (K, D), zeroth (K), first (K, D), second moments: lower triangles row
              by row, K of them or one that is shared, or diagonals (K, D)
======  ====  =========================================================================

All of it is little-endian, and nothing follows.
"""

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from gmm_rs._validation import Float64Array
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture._arrays import moments_shape
from gmm_rs.mixture._settings import COVARIANCE_TYPES, check_covariance_type

if TYPE_CHECKING:
    from gmm_rs.mixture._statistics import SufficientStats

_MAGIC = b"GMMSTATS"
_VERSION = 1
_HEADER = struct.Struct("<8sHHIIQd")
_FLOAT = np.dtype("<f8")


def pack(stats: "SufficientStats") -> bytes:
    """The bytes of `stats`."""
    n_components, n_features = stats.anchors.shape
    kind = COVARIANCE_TYPES.index(stats.covariance_type)
    header = _HEADER.pack(_MAGIC, _VERSION, kind, n_components, n_features, stats.n_rows, stats.log_likelihood)
    second = stats.second
    if stats.covariance_type in ("full", "tied"):
        rows, columns = np.tril_indices(n_features)
        second = second[..., rows, columns]
    arrays = (stats.anchors, stats.zeroth, stats.first, second)
    return header + b"".join(array.astype(_FLOAT).tobytes() for array in arrays)


def unpack(data: object) -> dict[str, Any]:
    """The parts of the statistics that `pack` made bytes of. Takes no more memory than the bytes do, twice over.

    Raises
    ------
    ParameterError
        If they are no such bytes.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ParameterError(f"the bytes of SufficientStats are needed, but {type(data).__name__} was given")
    content = bytes(data)
    if len(content) < _HEADER.size or not content.startswith(_MAGIC):
        raise ParameterError(f"these {len(content)} bytes are not from SufficientStats.to_bytes()")
    _, version, kind, n_components, n_features, n_rows, log_likelihood = _HEADER.unpack_from(content)
    if version != _VERSION:
        raise ParameterError(
            f"the bytes are of version {version}, but this gmm_rs knows only version {_VERSION}: install a newer one"
        )
    if kind >= len(COVARIANCE_TYPES) or n_components == 0 or n_features == 0:
        raise ParameterError("the header of the bytes is damaged")
    covariance_type = check_covariance_type(COVARIANCE_TYPES[kind])
    is_matrix = covariance_type in ("full", "tied")
    n_second = n_features * (n_features + 1) // 2 if is_matrix else n_features
    n_second *= 1 if covariance_type == "tied" else n_components
    lengths = (n_components * n_features, n_components, n_components * n_features, n_second)
    needed = _HEADER.size + _FLOAT.itemsize * sum(lengths)
    if len(content) != needed:
        raise ParameterError(
            f"{len(content)} bytes were given, but {needed} are needed for {n_components} components of {n_features} "
            f"features: they are cut off or damaged"
        )
    values = np.frombuffer(content, dtype=_FLOAT, offset=_HEADER.size).astype(np.float64)
    anchors, zeroth, first, second = np.split(values, np.cumsum(lengths)[:-1])
    if is_matrix:
        second = _symmetric(second, n_features)
    return {
        "covariance_type": covariance_type,
        "anchors": anchors.reshape(n_components, n_features),
        "zeroth": zeroth,
        "first": first.reshape(n_components, n_features),
        "second": second.reshape(moments_shape(covariance_type, n_components, n_features)),
        "log_likelihood": log_likelihood,
        "n_rows": n_rows,
    }


def _symmetric(packed: Float64Array, n_features: int) -> Float64Array:
    """Matrices from their lower triangles, row by row, one after the other."""
    rows, columns = np.tril_indices(n_features)
    triangles = packed.reshape(-1, len(rows))
    matrices = np.empty((len(triangles), n_features, n_features))
    matrices[:, rows, columns] = triangles
    matrices[:, columns, rows] = triangles
    return matrices
