"""The environment of a published model: made by `make`, or a message that says what is missing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from ppgkd.errors import PpgkdError
from ppgkd.published.environment import make_environment

RECIPE = """\
.venv-other/installed:
\tmkdir -p .venv-other
\t$(PYTHON) -c 'print("made")' > $@
"""
FAILS = """\
.venv-other/installed:
\t@echo 'Collecting numpy'
\t@echo 'ERROR: No matching distribution found for tensorflow-cpu==2.21.0'
\t@exit 1
"""


def test_it_is_made_by_make_with_this_python(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(RECIPE)
    make_environment(tmp_path, ".venv-other/installed", sys.executable, tmp_path / "a.log")
    assert (tmp_path / ".venv-other/installed").read_text() == "made\n"


def test_what_pip_does_not_find_is_named(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(FAILS)
    expected = r"\.venv-other.*could not be made: .*No matching distribution.*tensorflow-cpu==2\.21"
    with pytest.raises(PpgkdError, match=expected) as raised:
        make_environment(tmp_path, ".venv-other/installed", sys.executable, tmp_path / "a.log")
    assert "goes on" in str(raised.value)
    assert "Collecting numpy" in (tmp_path / "a.log").read_text()
    assert not (tmp_path / ".venv-other/installed").exists()


def test_without_make_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PpgkdError, match=re.escape("without 'make', which is not installed")):
        make_environment(tmp_path, ".venv-other/installed", sys.executable, tmp_path / "a.log")
