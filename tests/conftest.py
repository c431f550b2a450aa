"""Fixtures of the rule-level and end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.workflow import REPOSITORY, Workflow


@pytest.fixture(scope="session")
def tiny_config() -> dict[str, Any]:
    """Configuration of the smallest study that has everything."""
    path = REPOSITORY / "tests" / "studies" / "tiny.yaml"
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return config


@pytest.fixture
def workflow(tmp_path: Path, tiny_config: dict[str, Any]) -> Callable[..., Workflow]:
    """Make a workflow in a fresh folder: the tiny study, with some keys replaced."""

    def make(**changes: Any) -> Workflow:
        return Workflow(tmp_path, {**tiny_config, **changes})

    return make
