"""What the README says of the project's structure is there."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
STAGES = re.findall(r"^\| ([^|]+) \| [^|]+ \| `(\w+\.smk)` \| ([^|]+) \|$", README, re.MULTILINE)


@pytest.mark.parametrize(("stages", "rules", "modules"), STAGES, ids=[row[0] for row in STAGES])
def test_a_stage_has_its_rule_its_script_and_its_module(
    stages: str, rules: str, modules: str
) -> None:
    file = CHECKOUT / "workflow/rules" / rules
    declared = re.findall(r"^(?:rule|checkpoint) (\w+):", file.read_text(), re.MULTILINE)
    assert set(stages.split(", ")) <= set(declared)
    for stage in stages.split(", "):
        assert (CHECKOUT / f"workflow/scripts/{stage}.py").is_file()
    for module in re.findall(r"`([^`]+)`", modules):
        place = CHECKOUT / "src/ppgkd" / module
        assert (
            place.is_dir()
            if module.endswith("/")
            else place.with_name(f"{place.name}.py").is_file()
        )


def test_every_rule_file_is_a_row_of_the_table() -> None:
    there = {path.name for path in (CHECKOUT / "workflow/rules").glob("*.smk")}
    assert {rules for _, rules, _ in STAGES} == there - {"common.smk"}


def test_every_study_is_listed() -> None:
    listed = set(re.findall(r"^\| `(studies/\w+\.yaml)`", README, re.MULTILINE))
    assert listed == {f"studies/{path.name}" for path in (CHECKOUT / "studies").glob("*.yaml")}
