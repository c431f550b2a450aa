"""Write what conda needs from the lists of pins for pip: one list each, two forms."""

from pathlib import Path

HERE = Path(__file__).parent
PYTHON = "3.11"


def environment_yaml(requirements: str) -> str:
    """Give the text of the conda environment for the text of the requirements."""
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
    return "\n".join([*head, *(f"      - {pin}" for pin in pins(requirements))]) + "\n"


def post_deploy_script(requirements: str) -> str:
    """Give the text of the script by which conda installs BeliefPPG's requirements."""
    return "\n".join(
        [
            "# Made by envs/make_environment.py from envs/beliefppg.txt: change that, then run",
            "# make envs/beliefppg.post-deploy.sh",
            "set -e",
            "python -m pip install --no-deps --requirement /dev/stdin <<'PINS'",
            *pins(requirements),
            "PINS",
            "",
        ]
    )


def web_post_deploy_script(folder: Path) -> str:
    """Give the text of the script by which conda installs what a demonstration loads.

    Conda runs a copy of it that stands alone, so it carries the files that it needs.
    """
    lines = [
        "# Made by envs/make_environment.py from envs/install_web.py and envs/web: change these,",
        "# then run make envs/environment.post-deploy.sh",
        "set -e",
        'folder="$(mktemp -d)"',
        "trap 'rm -rf \"$folder\"' EXIT",
    ]
    for file in ("install_web.py", "web/package.json", "web/package-lock.json"):
        text = (folder / file).read_text(encoding="utf-8").rstrip("\n")
        lines += [f"cat > \"$folder/{Path(file).name}\" <<'END_OF_FILE'", text, "END_OF_FILE"]
    return "\n".join([*lines, 'python "$folder/install_web.py" "$folder"', ""])


def pins(requirements: str) -> list[str]:
    """Give the lines of a list for pip that name a package."""
    return [line for line in requirements.splitlines() if line and not line.startswith("#")]


if __name__ == "__main__":
    text = (HERE / "requirements.txt").read_text(encoding="utf-8")
    (HERE / "environment.yaml").write_text(environment_yaml(text), encoding="utf-8")
    text = web_post_deploy_script(HERE)
    (HERE / "environment.post-deploy.sh").write_text(text, encoding="utf-8")
    text = (HERE / "beliefppg.txt").read_text(encoding="utf-8")
    (HERE / "beliefppg.post-deploy.sh").write_text(post_deploy_script(text), encoding="utf-8")
