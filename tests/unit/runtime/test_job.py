"""A job fails with a message if the user can fix it, and with a traceback if we must."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from ppgkd.runtime.job import job
from ppgkd.errors import PpgkdError

PROBLEM = "/data/a.mat: rawPPG has the shape (2, 9), expected (3, N). Delete it and run again."


def run_job(body: str, log: Path) -> subprocess.CompletedProcess[str]:
    """Run a script that does something within a job."""
    code = (
        "import logging, sys\n"
        "from ppgkd.errors import PpgkdError\n"
        "from ppgkd.runtime.job import job\n"
        f"with job(sys.argv[1]):\n    {body}\n"
        "print('after')"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(log)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "windows" / "bami1.log"


def test_a_problem_of_the_user_ends_with_the_message_alone(log: Path) -> None:
    ended = run_job(f"raise PpgkdError({PROBLEM!r})", log)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"ppgkd: {PROBLEM}"
    assert "Traceback" not in ended.stderr
    assert "after" not in ended.stdout


def test_a_problem_of_the_user_is_in_the_log(log: Path) -> None:
    run_job(f"raise PpgkdError({PROBLEM!r})", log)
    assert PROBLEM in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_cause_is_not_shown_to_the_user(log: Path) -> None:
    ended = run_job("raise PpgkdError('the file is damaged') from OSError('inner')", log)
    assert "ppgkd: the file is damaged" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_no_defect_and_says_what_to_delete(log: Path) -> None:
    ended = run_job("open('/dev/full', 'wb', buffering=0).write(b'1')", log)
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "results/<study>/**/bank" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_defect_keeps_its_traceback_on_the_terminal_and_in_the_log(log: Path) -> None:
    ended = run_job("{}['absent']", log)
    assert ended.returncode == 1
    for text in (ended.stderr, log.read_text()):
        assert "Traceback (most recent call last)" in text
        assert "KeyError: 'absent'" in text
    assert "defect of ppgkd" in log.read_text()


def test_a_job_that_succeeds_continues(log: Path) -> None:
    ended = run_job("pass", log)
    assert (ended.returncode, ended.stdout) == (0, "after\n")
    assert log.read_text() == ""


def test_messages_of_the_package_are_in_the_log_with_their_time(log: Path) -> None:
    with job(log):
        logging.getLogger("ppgkd.training.loop").info("epoch %d of %d", 3, 30)
        logging.getLogger("another").error("not ours")
    (line,) = log.read_text().splitlines()
    time, message = line.split(maxsplit=1)
    assert message == "epoch 3 of 30"
    assert [len(part) for part in time.split(":")] == [2, 2, 2]


def test_a_message_is_in_the_log_before_the_job_ends(log: Path) -> None:
    with job(log):
        logging.getLogger("ppgkd").info("epoch 1")
        assert "epoch 1" in log.read_text()


def test_a_second_run_starts_a_new_log(log: Path) -> None:
    for message in ("first", "second"):
        with job(log):
            logging.getLogger("ppgkd").info(message)
    assert "first" not in log.read_text()
    assert log.read_text().count("second") == 1


def test_a_failed_job_closes_its_log(log: Path) -> None:
    before = list(logging.getLogger("ppgkd").handlers)
    with pytest.raises(SystemExit), job(log):
        raise PpgkdError("no")
    assert logging.getLogger("ppgkd").handlers == before


@pytest.mark.parametrize("before", ["", "snakemake = None"])
def test_garbage_is_not_looked_for_among_the_imports_of_a_script(before: str, log: Path) -> None:
    """In scripts of the workflow alone, where Snakemake defines `snakemake` before all else."""
    code = (
        f"{before}\nimport gc, sys\n"
        "from ppgkd.runtime.job import job\n"
        "print(gc.isenabled())\n"
        "with job(sys.argv[1]):\n    print(gc.isenabled(), gc.get_freeze_count() > 0)"
    )
    found = subprocess.check_output([sys.executable, "-c", code, str(log)], text=True).split()
    assert found == (["False", "True", "True"] if before else ["True", "True", "False"])
