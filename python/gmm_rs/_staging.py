"""Replacing a set of files as a whole, or not at all.

The new files are written into a hidden folder on the same file system. A target folder that does not exist yet comes
into being by renaming that folder: one step. In one that exists, the files are moved to their places one by one,
each in one step, a chosen name last. If anything fails on the way, Ctrl-C included, the files of before are put back
from links to them. A kill leaves every file whole, and the file that is moved last is new only if all others are.
"""

import errno
import itertools
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_PREFIX = ".staged-"
_LEFTOVER_AGE = 86400.0  # seconds without a change after which the hidden folder of a killed process is removed
_number = itertools.count()  # threads may write into the same folder at the same time


@contextmanager
def staged_file(path: Path, *, advice: str = "choose a place where you may write") -> Iterator[Path]:
    """Another path, where the new content of the file `path` is to be written; it is put in place without an error.

    A link is followed: the file that it names is replaced.

    Parameters
    ----------
    path : Path
        Missing folders are made.
    advice : str
        What the error says to do where the folder cannot be written to.

    Raises
    ------
    OSError
        If the folder or the file cannot be written to, or `path` is something else than a regular file; the message
        names the file.

    Examples
    --------
    >>> with staged_file(Path("numbers.txt")) as path:
    ...     _ = path.write_text("1 2 3")
    >>> Path("numbers.txt").read_text()
    '1 2 3'
    """
    target = path.resolve() if path.is_symlink() else path
    if target.exists() and not target.is_file():
        kind = "a folder" if target.is_dir() else "no regular file"
        raise OSError(errno.EINVAL, f"cannot write {path}: it is {kind}")
    with StagedFolder(target.parent, advice=advice) as staged:
        try:
            yield staged.path / target.name
        except OSError as error:
            if error.filename is not None and staged.path not in Path(os.fsdecode(error.filename)).parents:
                raise  # of something else, such as what is read while this is written
            reason = error.strerror or f"{error}; the disk may be full"  # NumPy's own errors have no number
            raise OSError(error.errno, f"cannot write {path}: {reason}") from error
        if (staged.path / target.name).exists():
            staged.commit()


class StagedFolder:
    """New files for the folder `target`, kept aside until `commit`; a context manager that tidies up.

    Files are to be written into `path`, which is made at once: entering and leaving without a commit tells whether the
    place can be written to.

    Parameters
    ----------
    target : Path
        The folder that the files belong to.
    advice : str
        What the error says to do where `target` cannot be written to.

    Raises
    ------
    OSError
        If `target` cannot be made or written to.
    """

    def __init__(self, target: Path, *, advice: str) -> None:
        self._target = target
        self._made: list[Path] = []
        place = target if target.is_dir() else target.parent
        self.path = place / f"{_PREFIX}{os.getpid()}-{next(_number)}-{target.name}"
        try:
            if target.exists() and not target.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            self._make(place)
            _remove_leftovers(place, but=self.path.name)
            shutil.rmtree(self.path, ignore_errors=True)  # of a killed process that had our number
            self.path.mkdir()
        except OSError as error:
            self._tidy_up()
            raise OSError(
                error.errno,
                f"cannot write into the folder {target} ({target.absolute()}): {error.strerror}; {advice}",
            ) from error

    def __enter__(self) -> Self:
        """Give the object itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove what was not committed."""
        self._tidy_up()

    def commit(self, *, last: str | None = None, remove: tuple[str, ...] = ()) -> None:
        """Move the staged files to their places.

        Parameters
        ----------
        last : str, optional
            Name of the file to move after all others.
        remove : tuple of str
            Names of files of the old set that the new set does not have.

        Raises
        ------
        OSError
            If a file cannot be moved; the old set is in place then.
        """
        if self._target.exists():
            self._replace_files(last, remove)
        else:
            self.path.rename(self._target)
        self._made.clear()

    def _replace_files(self, last: str | None, remove: tuple[str, ...]) -> None:
        names = sorted((path.name for path in self.path.iterdir()), key=lambda name: (name == last, name))
        old_files = self._link_old_files([*names, *remove])
        touched: list[str] = []
        try:
            for name in remove:
                touched.append(name)
                (self._target / name).unlink(missing_ok=True)
            for name in names:
                touched.append(name)
                (self.path / name).replace(self._target / name)
        except BaseException:
            for name in touched:
                with suppress(OSError):  # put back what can be, and let the first error be the one that is seen
                    self._put_back(name, old_files)
            raise

    def _link_old_files(self, names: list[str]) -> dict[str, Path]:
        folder = self.path / "old"
        folder.mkdir()
        old_files = {}
        for name in names:
            current = self._target / name
            if current.is_file():
                old_files[name] = folder / name
                try:
                    old_files[name].hardlink_to(current)
                except OSError:  # a file system without hard links
                    shutil.copy2(current, old_files[name])
        return old_files

    def _put_back(self, name: str, old_files: dict[str, Path]) -> None:
        if name in old_files:
            old_files[name].replace(self._target / name)
        elif not (self.path / name).exists():  # it was moved, and there was none before
            (self._target / name).unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir(exist_ok=True)
            self._made.insert(0, parent)

    def _tidy_up(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        for folder in self._made:
            with suppress(OSError):  # not empty: someone else uses it
                folder.rmdir()


def _remove_leftovers(place: Path, *, but: str) -> None:
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # its owner may be removing it
            changed = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if folder.name != but and time.time() - changed > _LEFTOVER_AGE:
                shutil.rmtree(folder)
