"""The real recordings, where this machine has them."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """A folder laid out as a mirror: PPGKD_MIRROR, else shared/data beside the checkout."""
    checkout = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("PPGKD_MIRROR") or checkout.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real recordings in {folder}")
    return folder
