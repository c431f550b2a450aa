"""What every job of the workflow does: write a log, and fail with a message."""

from __future__ import annotations

import errno
import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ppgkd.errors import PpgkdError
from ppgkd.runtime.run_lock import acquire_job_lock

_IS_SCRIPT = hasattr(sys.modules["__main__"], "snakemake")
if _IS_SCRIPT:
    # What a script imports after this module stays for as long as the job runs. PyTorch and pandas
    # make a million objects; looking for garbage among them takes a tenth of a short job's time.
    gc.disable()

FULL_DISK = (
    "Free some space and run again: what is finished is kept. Most of a study's space is its view "
    "caches, results/<study>/**/bank; delete them where all students are trained."
)


@contextmanager
def job(log_path: str | Path) -> Iterator[None]:
    """Write the package's messages to the job's log, and end with a message, not a traceback.

    A problem that the user can fix (`PpgkdError`, a full disk) is written to the log and to the
    terminal. Any
    other exception is a defect of the package and keeps its traceback, which is logged, too.
    """
    if _IS_SCRIPT:
        gc.freeze()
        gc.enable()
    run_lock = acquire_job_lock(".snakemake")
    Path(log_path).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log_path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("ppgkd")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    except PpgkdError as error:
        logger.error("%s", error)
        sys.exit(f"ppgkd: {error}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            logger.exception("this is a defect of ppgkd")
            raise
        sys.exit(f"ppgkd: {error}. {FULL_DISK}")
    except Exception:
        logger.exception("this is a defect of ppgkd")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
        if run_lock is not None:
            run_lock.close()
