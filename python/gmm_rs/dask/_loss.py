"""What to say where a cluster has lost what a fit needs."""

from collections.abc import Iterator
from contextlib import contextmanager

from distributed import CancelledError, KilledWorker

from gmm_rs.exceptions import DataLostError


@contextmanager
def explained_loss() -> Iterator[None]:
    """Say what to do where Dask only says that a task cannot be done.

    Raises
    ------
    DataLostError
    """
    try:
        yield
    except CancelledError as error:
        raise DataLostError(
            f"rows of X are no longer on the cluster, and Dask cannot compute them anew: data that were scattered are "
            f"lost with their worker, and all data when a client restarts or cancels them. Make the collection from "
            f"where the data are kept, or scatter them again, and repeat the fit ({error})"
        ) from error
    except KilledWorker as error:
        raise DataLostError(
            f"one worker after the other died over the same rows of X, most likely for lack of memory: try smaller "
            f"partitions or more memory for each worker ({error})"
        ) from error
