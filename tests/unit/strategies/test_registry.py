"""The one list of strategies."""

import subprocess
import sys

import pytest

from ppgkd.strategies.registry import STRATEGIES
from ppgkd.strategies.settings import SETTINGS


def test_strategies_have_the_order_of_tables_and_figures() -> None:
    assert list(STRATEGIES) == ["scratch", "hard", "soft", "dkd", "feature", "ordinal"]


def test_only_scratch_learns_without_a_teacher() -> None:
    assert [s.name for s in STRATEGIES.values() if not s.needs_teacher] == ["scratch"]


def test_every_strategy_has_the_same_number_of_default_trials() -> None:
    assert {len(strategy.trials) for strategy in STRATEGIES.values()} == {4}


@pytest.mark.parametrize("name", STRATEGIES)
def test_default_trials_are_valid_settings(name: str) -> None:
    for trial in STRATEGIES[name].trials:
        assert SETTINGS[name].model_validate(trial).model_fields_set == set(trial)


def test_every_strategy_has_settings() -> None:
    assert list(SETTINGS) == list(STRATEGIES)


def test_the_registry_is_read_without_pytorch_and_pydantic() -> None:
    code = "import sys, ppgkd.strategies.registry; print({'torch', 'pydantic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
