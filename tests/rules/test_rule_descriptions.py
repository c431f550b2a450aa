"""Every rule says in one sentence what it makes, and `snakemake --list` shows it."""

import re
from collections.abc import Callable

import pytest
from tests.workflow import REPOSITORY

FILES = [REPOSITORY / "Snakefile", *sorted((REPOSITORY / "workflow/rules").glob("*.smk"))]
RULE = re.compile(r'^(?:rule|checkpoint) (\w+):\n(?:    """(.*)"""\n)?', flags=re.M)
DESCRIPTIONS = dict(rule for file in FILES for rule in RULE.findall(file.read_text()))


@pytest.mark.parametrize("rule", DESCRIPTIONS)
def test_a_rule_is_described_by_one_sentence(rule: str) -> None:
    assert re.fullmatch(r"[A-Z][^.]+\.", DESCRIPTIONS[rule])


def test_snakemake_lists_the_descriptions(workflow: Callable) -> None:
    listed = workflow().make(options=("--list",)).stdout.splitlines()
    assert f"student ({DESCRIPTIONS['student']})" in listed
