"""The file in which an interrupted fit leaves what it has done."""

import hashlib
from os import PathLike
from pathlib import Path

from gmm_rs._staging import staged_file
from gmm_rs.exceptions import ParameterError

_MAGIC = b"a fit of gmm_rs, to be taken up\n"
_DIGEST_BYTES = 16
_SECONDS = 10.0
_SEED_BYTES = 8


class Checkpoint:
    """What a fit can be taken up from: the seed that it began with, and the state of its starts.

    The file is replaced as a whole every ten seconds, and when a fit ends before its time. It says what it is and has a
    digest of its content, so that another file is never taken for a checkpoint and replaced.

    Parameters
    ----------
    path : str or PathLike
        If there is such a file, the fit that has left it is taken up.
    stays : bool
        Whether the file stays when the fit has come to its end, until `remove` is called.

    Attributes
    ----------
    seed : int or None
        That of the fit to be taken up; to be set for one that begins.
    content : bytes or None
        What the engine has left.
    seconds : float
        Between one state that is kept and the next.

    Raises
    ------
    ParameterError
        If there is a file that is no checkpoint, or a damaged one.
    OSError
        If the file cannot be read or written.

    Examples
    --------
    >>> checkpoint = Checkpoint("fit.checkpoint")
    >>> checkpoint.content is None
    True
    >>> checkpoint.seed = 7
    >>> checkpoint.save(b"what the engine leaves")
    >>> later = Checkpoint("fit.checkpoint")
    >>> later.seed, later.content
    (7, b'what the engine leaves')
    >>> later.remove()
    """

    def __init__(self, path: str | PathLike[str], *, stays: bool = False) -> None:
        self._path = Path(path)
        self._stays = stays
        self.seed: int | None = None
        self.content: bytes | None = None
        self.seconds = _SECONDS
        with staged_file(self._path):  # to find out now whether it can be written later
            pass
        if self._path.exists():
            kept = self._read()
            self.seed = int.from_bytes(kept[:_SEED_BYTES], "little")
            self.content = kept[_SEED_BYTES:]

    def save(self, content: bytes) -> None:
        """Replace the file."""
        seed = 0 if self.seed is None else self.seed
        kept = seed.to_bytes(_SEED_BYTES, "little") + content
        with staged_file(self._path) as path:
            path.write_bytes(_MAGIC + _digest(kept) + kept)

    def finish(self) -> None:
        """Remove the file, as the fit has come to its end, unless it stays."""
        if not self._stays:
            self.remove()

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> bytes:
        with self._path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise ParameterError(
                    f"checkpoint names a file that is no checkpoint of a fit: {self._path}; it stays as it is: choose "
                    f"another name"
                )
            digest, kept = file.read(_DIGEST_BYTES), file.read()
        if digest != _digest(kept):
            raise ParameterError(f"the checkpoint {self._path} is damaged: remove it to begin anew")
        return kept


def _digest(kept: bytes) -> bytes:
    return hashlib.blake2b(kept, digest_size=_DIGEST_BYTES).digest()
