"""The edge between a workflow's job and the package: its log, and how it fails."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ppgkd.errors import PpgkdError
from ppgkd.runtime.run_lock import acquire_job_lock


@contextmanager
def job(log_path: str | Path) -> Iterator[None]:
    """Send the package's messages to the job's log; end with a message instead of a traceback.

    What the user can mend (`PpgkdError`) is written to the log and to the terminal. Anything else
    is a defect of ours and keeps its traceback, which is logged too.
    """
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
    except Exception:
        logger.exception("this is a defect of ppgkd")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
        if run_lock is not None:
            run_lock.close()
