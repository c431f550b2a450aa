"""Tests on emulated processors are skipped where their tools are missing."""

from __future__ import annotations

import pytest
from tests.unit.export.conftest import card  # noqa: F401

from ppgkd.emulation.build import missing_tools


@pytest.fixture(autouse=True, scope="session")
def _tools() -> None:
    missing = missing_tools()
    if missing:
        pytest.skip(
            f"{', '.join(missing)} missing: apt-get install gcc-arm-none-eabi "
            "libnewlib-arm-none-eabi qemu-system-arm"
        )
