"""Snakemake in forks, as the tests start it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from tests.snakemake_fork import run_in_fork

FORKS, THREADS = 60, 8
"""Where threads could ask for each other's exit codes, a sixth of so many were wrong."""


def test_forks_of_several_threads_have_their_own_exit_codes() -> None:
    def exit_code(number: int) -> int:
        argument = "--version" if number % 2 else "--no-such-option"
        return run_in_fork([argument], os.environ).returncode

    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        codes = [*pool.map(exit_code, range(FORKS))]
    assert codes == [0 if number % 2 else 2 for number in range(FORKS)]
