"""Reading the next block while this one is being worked on."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

from gmm_rs._validation import FloatArray


def read_ahead(blocks: Generator[FloatArray]) -> Generator[FloatArray]:
    """The same blocks, each read on another thread while the one before is in use; two are in memory at a time.

    Parameters
    ----------
    blocks : generator of ndarray
        Closed at the end, however that comes about.

    Yields
    ------
    ndarray
        A copy, in C order.

    Examples
    --------
    >>> from gmm_rs import open_rows
    >>> [len(block) for block in read_ahead(open_rows([[1], [2], [3]]).blocks(2))]
    [2, 1]
    """

    def read() -> FloatArray | None:
        block = next(blocks, None)
        return None if block is None else block.copy(order="C")

    try:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="gmm_rs-read-ahead") as reader:
            coming = reader.submit(read)
            while (block := coming.result()) is not None:
                coming = reader.submit(read)
                yield block
                del block
    finally:
        blocks.close()
