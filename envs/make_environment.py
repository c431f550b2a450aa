"""Write environment.yaml, for conda, from requirements.txt, for pip: one list, two forms."""

from pathlib import Path

HERE = Path(__file__).parent
PYTHON = "3.11"


def environment_yaml(requirements: str) -> str:
    """Give the text of the conda environment for the text of the requirements."""
    pins = [line for line in requirements.splitlines() if line and not line.startswith("#")]
    head = [
        "# Made by envs/make_environment.py from envs/requirements.txt: change that, then run",
        "# make envs/environment.yaml",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        f"  - python={PYTHON}",
        "  - pip",
        "  - pip:",
    ]
    return "\n".join([*head, *(f"      - {pin}" for pin in pins)]) + "\n"


if __name__ == "__main__":
    text = (HERE / "requirements.txt").read_text(encoding="utf-8")
    (HERE / "environment.yaml").write_text(environment_yaml(text), encoding="utf-8")
