"""No shell interprets any text of the configuration."""

from pathlib import Path

import yaml
from tests.workflow import REPOSITORY, Workflow

SHELL = "a b';touch touched;$(touch touched)`touch touched`\""
TARGET = "resources/raw/simulated/n4-s120-seed0.npz"


def test_no_shell_interprets_paths_and_values(tmp_path: Path) -> None:
    config = yaml.safe_load((REPOSITORY / "tests/studies/tiny.yaml").read_text())
    teacher = f"{SHELL}.onnx"
    config["mirror"] = SHELL
    config["simulation"] = {"n_subjects": 4, "duration_s": 120}
    config["teachers"]["onnx"] = {"own": teacher}
    folder = tmp_path / SHELL
    folder.mkdir()
    (folder / teacher).touch()
    Workflow(folder, config).make(TARGET)
    assert (folder / TARGET).is_file()
    assert not list(tmp_path.rglob("touched"))
    assert not Path("touched").exists()
