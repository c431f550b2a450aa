"""A Slurm cluster of two nodes on this machine, started for the tests and removed after them.

Its configuration must be in the default place: Snakemake's plugin removes all environment variables
of Slurm from the steps of jobs, and so the path of another configuration.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = Path("/etc/slurm/slurm.conf")
NODES = ("ppgkd-n1", "ppgkd-n2")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
PLUGIN = "snakemake_executor_plugin_slurm"
POLL_S = 0.2


def reason_to_skip() -> str | None:
    """Return why no cluster can be started here, or None."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"Slurm is not installed: {', '.join(missing)} not found"
    if importlib.util.find_spec(PLUGIN) is None:
        return "Snakemake's plugin for Slurm is not installed: run make test-cluster"
    if os.geteuid() != 0:
        return "only root can start a cluster"
    if CONFIGURATION.exists():
        return f"{CONFIGURATION} exists: this machine belongs to a cluster"
    return None


@dataclass(frozen=True)
class Slurm:
    """A running cluster.

    Attributes
    ----------
    folder
        For its logs and its state.
    daemons
        Processes of the nodes, by name.
    """

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]]

    def job(self, number: str) -> dict[str, str]:
        """Return Slurm's record of a job."""
        words = ask("scontrol", "--oneliner", "show", "job", number).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def jobs(self, rule: str, states: str = "all") -> list[str]:
        """Return the numbers of a rule's jobs, oldest first; array tasks are ``<array>_<task>``."""
        lines = ask("squeue", "--noheader", f"--states={states}", "--array", "--format=%i %k")
        found = [line.split()[0] for line in lines.splitlines() if f" rule_{rule}" in line]
        return sorted(found, key=lambda number: [int(part) for part in number.split("_")])

    def processes(self, number: str) -> list[int]:
        """Return the processes of a running job."""
        node = self.job(number)["NodeList"]
        table = ask("scontrol", "listpids", self.job(number)["JobId"], node)
        return [int(line.split()[0]) for line in table.splitlines()[1:] if line.split()[0] != "-1"]

    def start_node(self, name: str) -> None:
        """Start a node's daemon."""
        self.daemons[name] = _start(self.folder, "slurmd", "-D", "-N", name)

    def kill_node(self, name: str) -> None:
        """Kill a node's daemon, as if the node failed; its jobs go on, unknown to Slurm."""
        self.daemons[name].kill()
        self.daemons[name].wait()


@contextmanager
def cluster(folder: Path) -> Iterator[Slurm]:
    """Start the cluster in a folder; stop it and all its jobs at the end of the block."""
    (folder / "state").mkdir(parents=True)
    with ExitStack() as undo:
        CONFIGURATION.write_text(_configuration(folder), encoding="utf-8")
        undo.callback(CONFIGURATION.unlink)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
        munged = ("munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *files)
        undo.callback(_stop, _start(folder, *munged))
        wait_for(lambda: (folder / "munge.socket").exists(), 60)
        undo.callback(_stop, _start(folder, "slurmctld", "-D"))
        slurm = Slurm(folder, {})
        undo.callback(lambda: [_stop(daemon) for daemon in slurm.daemons.values()])
        for name in NODES:
            slurm.start_node(name)
        wait_for(lambda: _idle() == len(NODES), 300)
        try:
            yield slurm
        finally:
            subprocess.run(["scancel", "--user=root"], check=False)
            wait_for(lambda: not ask("squeue", "--noheader").strip(), 300)


def ask(*command: str) -> str:
    """Return the output of one of Slurm's commands."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def wait_for(condition: Callable[[], object], limit_s: float) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "the condition did not become true in time"
        time.sleep(POLL_S)


def _start(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    with (folder / f"{command[0]}.out").open("ab") as out:
        return subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _idle() -> int:
    """Return the number of idle nodes; 0 while the controller does not answer."""
    nodes = subprocess.run(
        ["sinfo", "--noheader", "--Node", "--states=idle"], capture_output=True, text=True
    )
    return len(nodes.stdout.splitlines())


def _free_ports(n: int) -> list[int]:
    with ExitStack() as close:
        sockets = [close.enter_context(socket.socket()) for _ in range(n)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _configuration(folder: Path) -> str:
    controller, *ports = _free_ports(1 + len(NODES))
    nodes = "\n".join(
        f"NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port}"
        " CPUs=2 RealMemory=24000 State=UNKNOWN"
        for name, port in zip(NODES, ports, strict=True)
    )
    return f"""\
ClusterName=ppgkd
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
# no accounts, no cgroups; jobs may request more memory and CPUs than the machine has
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
# a node that does not answer is soon marked as down, and as up when it answers again
SlurmdTimeout=10
ReturnToService=2
KillWait=1
# keep records of jobs until the tests have read them
MinJobAge=3600
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
{nodes}
PartitionName=main Nodes={",".join(NODES)} Default=YES MaxTime=INFINITE State=UP
"""
