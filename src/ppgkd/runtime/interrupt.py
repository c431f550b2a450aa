"""What Ctrl-C does: it ends the jobs and says how to go on, with no error for each of them."""

from __future__ import annotations

import logging
import signal
from types import FrameType

import psutil

MESSAGE = (
    "ppgkd: interrupted. Finished jobs are kept, and a training continues after its last complete "
    "epoch: run the same command again to go on."
)

IGNORE_IN_JOBS = "trap '' INT; "
"""Prefix of the shell command of each job: the terminal sends Ctrl-C to jobs, too, and each would
print a traceback. Snakemake's process ends them instead."""


class _DropErrors(logging.Filter):
    """Keeps the errors of jobs that were ended on purpose out of Snakemake's log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be shown."""
        return record.levelno < logging.ERROR


def explain_interrupts(logger: logging.Logger) -> None:
    """Let Ctrl-C end the jobs of this process, and say how to go on.

    Parameters
    ----------
    logger
        Snakemake's, which would report each of these jobs as failed.
    """

    def interrupted(number: int, frame: FrameType | None) -> None:
        if not any(isinstance(one, _DropErrors) for one in logger.filters):
            logger.warning(MESSAGE)
            logger.addFilter(_DropErrors())
        for child in psutil.Process().children(recursive=True):
            child.terminate()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupted)
