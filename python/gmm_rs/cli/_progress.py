"""One line on the terminal that says how far the work is."""

import shutil
import sys
import time
from types import TracebackType
from typing import Self, TextIO

_SECONDS_BETWEEN = 0.1
_BAR = 24


class ProgressLine:
    """A bar with rate and time left; where the stream is no terminal, nothing.

    Parameters
    ----------
    unit : str
        What is counted.
    total : int or None
        How many there will be, if that is known.
    at_most : bool
        Whether there may be fewer.
    hidden : bool
        Whether to show nothing on a terminal either.
    stream : file, optional
        Default: standard error.
    """

    def __init__(
        self, unit: str, total: int | None, *, at_most: bool, hidden: bool = False, stream: TextIO | None = None
    ) -> None:
        self._unit = unit
        self._total = total
        self._at_most = at_most
        self._stream = sys.stderr if stream is None else stream
        self._done = 0
        self._began = self._shown = time.monotonic()
        self.is_shown = self._stream.isatty() and not hidden

    def __enter__(self) -> Self:
        """Give the object itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take the line away."""
        if self.is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def advance(self, count: int = 1) -> None:
        """Some more are done."""
        self._done += count
        now = time.monotonic()
        if self.is_shown and now - self._shown >= _SECONDS_BETWEEN:
            self._shown = now
            self._stream.write(
                "\r" + self._text(now - self._began)[: shutil.get_terminal_size().columns - 1] + "\x1b[K"
            )
            self._stream.flush()

    def _text(self, seconds: float) -> str:
        rate = self._done / seconds
        if self._total is None:
            return f"{self._done:,} {self._unit}, {rate:.3g} a second"
        filled = _BAR * self._done // self._total
        left = round((self._total - self._done) / rate)
        at_most = "at most " if self._at_most else ""
        return (
            f"[{'#' * filled}{'.' * (_BAR - filled)}] {self._done:,} of {at_most}{self._total:,} {self._unit}, "
            f"{rate:.3g} a second, {at_most}{left // 60}:{left % 60:02} left"
        )
