"""The recordings of the published datasets: their subjects and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.manifest import MANIFEST


def bami(campaign: int, n_subjects: int) -> Iterator[RecordingEntry]:
    """Recordings of BAMI-1 or BAMI-2, one per subject."""
    for number in range(1, n_subjects + 1):
        name = f"BAMI{campaign}_{number}"
        file = MANIFEST["bami", f"BAMI-{campaign}/{name}.mat"]
        yield RecordingEntry(name, f"bami{campaign}-{number:02d}", (file,))


def _spc(name: str, subject: str, signal: str, reference: str) -> RecordingEntry:
    paths = (f"datasets/{signal}.mat", f"datasets/{reference}.mat")
    return RecordingEntry(name, subject, tuple(MANIFEST["ieee_spc", path] for path in paths))


def spc_train() -> Iterator[RecordingEntry]:
    """Recordings of the training set of the Signal Processing Cup, one per subject."""
    kinds_of_motion = (1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2)
    for number, kind in enumerate(kinds_of_motion, start=1):
        name = f"DATA_{number:02d}_TYPE{kind:02d}"
        signal = f"Training_data/{name}"
        yield _spc(name, f"spc-{number:02d}", signal, f"{signal}_BPMtrace")
    # S04 is also in the test set, under the same name of the subject, so that a split with the two
    # recordings in different roles is refused.
    folder = "Extra_TrainingData"
    yield _spc("DATA_S04_T01", "spc-S04", f"{folder}/DATA_S04_T01", f"{folder}/BPM_S04_T01")


def spc_test() -> Iterator[RecordingEntry]:
    """Recordings of the test set of the Signal Processing Cup, up to two per subject."""
    sessions = (
        *("S01_T01", "S02_T01", "S02_T02", "S03_T02", "S04_T02"),
        *("S05_T02", "S06_T01", "S06_T02", "S07_T02", "S08_T01"),
    )
    for session in sessions:
        subject, _ = session.split("_")
        signal, reference = f"TestData/TEST_{session}", f"TrueBPM/True_{session}"
        yield _spc(f"TEST_{session}", f"spc-{subject}", signal, reference)


def one_archive(
    source: str, path: str, member: str, numbers: Iterable[int]
) -> Iterator[RecordingEntry]:
    """Subjects of a dataset of the Siegen laboratory, each of them a pickle in one archive."""
    file = MANIFEST[source, path]
    for number in numbers:
        name = f"{source}-S{number}"
        yield RecordingEntry(name, name, (file,), member.format(number=number))


def wildppg() -> Iterator[RecordingEntry]:
    """Recordings of WildPPG, one per subject."""
    for source, path in MANIFEST:
        if source == "wildppg":
            name = f"wildppg-{path.removeprefix('WildPPG_Part_').removesuffix('.mat')}"
            yield RecordingEntry(name, name, (MANIFEST[source, path],))


def bidmc() -> Iterator[RecordingEntry]:
    """Recordings of BIDMC."""
    for number in range(1, 54):
        name = f"bidmc-{number:02d}"
        yield RecordingEntry(name, name, (MANIFEST["bidmc", f"bidmc_{number:02d}_Signals.csv"],))


def wrist_exercise() -> Iterator[RecordingEntry]:
    """Recordings of *Wrist PPG During Exercise*: eight people, each in one to four exercises."""
    for source, path in MANIFEST:
        name = path.removeprefix("Assignment3/edf/").removesuffix(".edf")
        if source != "wrist_exercise" or name == path:
            continue
        files = (MANIFEST[source, path], MANIFEST[source, f"Assignment3/ECG/{name}.txt"])
        subject = f"wrist-{name.partition('_')[0]}"
        doubt = ""
        if name == "s4_run":
            doubt = "84 beat intervals are below 0.3 s, and its heart rate equals the cadence"
        yield RecordingEntry(name, subject, files, doubt=doubt)


def oximetry_camera() -> Iterator[RecordingEntry]:
    """Recordings of the phone cameras: both hands of six people."""
    for number in range(1, 7):
        person = f"oximetry-{number}"
        reference = MANIFEST["oximetry_camera", f"data/gt/10000{number}.csv"]
        for hand in ("Left", "Right"):
            signal = MANIFEST["oximetry_camera", f"data/ppg-csv/{hand}/10000{number}.csv"]
            yield RecordingEntry(f"{person}-{hand.lower()}", person, (signal, reference))


def welltory() -> Iterator[RecordingEntry]:
    """Recordings of Welltory. Who made which is not published, so each is a subject."""
    for number in range(1, 22):
        folder, name = f"data/subject_{number:02d}", f"welltory-{number:02d}"
        files = tuple(MANIFEST["welltory", f"{folder}/{file}"] for file in ("PPG.csv", "RR.txt"))
        yield RecordingEntry(name, name, files)
