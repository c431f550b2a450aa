"""What a published teacher is worth where the labels of a dataset are withheld.

For each dataset in turn, the labels of the others are given. Its own people are tested in three
folds. Of its people who are not tested, none, half or all have labels, and the published teacher of
a study says what it thinks of all of them. Students learn from the labels alone, or from the labels
and the teacher. Single windows; intervals are bootstrap over people, and gains are paired.
"""

from __future__ import annotations

import subprocess
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from data import markdown
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.evaluation.bootstrap import estimate_with_interval, resampled_sums
from ppgkd.runtime.artifacts import write_json
from ppgkd.schema.strict_yaml import read_plain_yaml
from ppgkd.study.cell import NO_TEACHER
from ppgkd.study.parse import parse_study
from ppgkd.study.roles import ROLES
from ppgkd.study.study import Config, Study

FOLDS = 3
WITHHELD = ("wrist_exercise", "oximetry_camera", "bami1", "ieee_spc_train")
"""Datasets with people who are known apart."""

USED: dict[str, dict[str, Any]] = {"oximetry_camera": {"ppg": ["ppg_1"], "acceleration": "still"}}
"""How datasets are used that ``studies/pretrained.yaml`` does not have."""

LABELLED = {"none": 0.0, "half": 0.5, "all": 1.0}
"""Share of the people who are not tested that have labels."""

STUDENTS = {"labels": ("scratch", None), "labels and teacher": ("soft", 0)}
"""Name of what a student learns from: its strategy, and the place of its teacher in the study."""


def main() -> None:
    """Run the studies, print the tables, write the JSON."""
    options = _options()
    rows = []
    try:
        base = read_plain_yaml(options.study, "a study, such as those in studies/")
        for withheld in options.datasets:
            errors = {}
            for labelled in LABELLED:
                study = make_study(base, withheld, labelled, options.student)
                run(study, options)
                errors.update(student_errors(parse_study(study), labelled))
            rows += judge(withheld, errors)
            print(table([row for row in rows if row["withheld"] == withheld]), flush=True)
    except (PpgkdError, OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(str(error)) from error
    write_json(options.output, rows)
    print(f"written to {options.output}")


def make_study(base: Config, withheld: str, labelled: str, student: str) -> Config:
    """Make the study of one dataset whose labels are withheld, from that of one such dataset.

    Parameters
    ----------
    base
        The study ``studies/pretrained.yaml``.
    withheld
        Name of the dataset.
    labelled
        Key of `LABELLED`.
    student
        Name of the student, ``spectral_resnet-4000``.
    """
    study = deepcopy(base)
    family, capacity = student.rsplit("-", 1)
    given = study["datasets"]
    datasets = {}
    for name in WITHHELD:
        how = {**USED.get(name, {}), **given.get(name, {})}
        how = {key: value for key, value in how.items() if key not in ROLES}
        datasets[name] = {**how, **_roles(name == withheld, LABELLED[labelled])}
    teacher, taken = next(iter(study["teachers"]["published"].items()))
    study.update(
        study=f"pretrained_{withheld}_{labelled}",
        datasets=datasets,
        folds=FOLDS,
        teachers={"published": {teacher: {**taken, "datasets": [withheld]}}},
        students={family: [int(capacity)]},
        strategies={"scratch": {}, "soft": study["strategies"]["soft"]},
    )
    return study


def _roles(is_withheld: bool, labelled: float) -> dict[str, float]:
    if not is_withheld:
        return {"train": 0.75, "val": 0.25}
    others = 1 - 1 / FOLDS
    roles = {"train": labelled * others, "unlabelled": (1 - labelled) * others}
    return {role: share for role, share in roles.items() if share} | {"test": 1 / FOLDS}


def run(study: Config, options: Namespace) -> None:
    """Train and evaluate the students of a study, and evaluate its teacher."""
    file = options.output.parent / f"{study['study']}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(study, sort_keys=False))
    parsed = parse_study(study)
    wanted = [str(path) for _, path in _predictions(parsed)]
    command = ["snakemake", "--cores", str(options.cores), "--quiet", "--configfile", str(file)]
    subprocess.run([*command, "--", *wanted], check=True)


def _predictions(study: Study) -> list[tuple[str, Path]]:
    """Name of what is evaluated, and the file of each fold and seed."""
    folder, seeds = Path("results") / study.config["study"], study.config["seeds"]
    teacher, student = study.teachers[0].name, study.students[0].name
    found = []
    for fold in study.folds:
        below = folder / f"fold{fold}"
        found.append(("teacher", below / f"teachers/{teacher}/seed{seeds[0]}/predictions.parquet"))
        for (name, (strategy, taught)), seed in product(STUDENTS.items(), seeds):
            by = NO_TEACHER if taught is None else study.teachers[taught].name
            cell = below / f"students/{strategy}/{by}/{student}/seed{seed}"
            found.append((name, cell / "predictions.parquet"))
    return found


def student_errors(study: Study, labelled: str) -> dict[tuple[str, str], pd.DataFrame]:
    """Windows and sum of absolute errors of each person, a mean over seeds.

    Returns
    -------
    dict
        (labelled, name) to a table with the index ``subject`` and the columns ``windows, error``.
    """
    tables: dict[str, list[pd.DataFrame]] = {}
    for name, path in _predictions(study):
        tables.setdefault(name, []).append(pd.read_parquet(path))
    errors = {}
    for name, parts in tables.items():
        table = pd.concat(parts)
        table["error"] = (table["pred_bpm"] - table["hr_bpm"]).abs()
        n_seeds = 1 if name == "teacher" else len(study.config["seeds"])
        by_subject = table.groupby("subject")["error"].agg(["size", "sum"]) / n_seeds
        by_subject.columns = pd.Index(["windows", "error"])
        errors[labelled, name] = by_subject
    return errors


def judge(withheld: str, errors: dict[tuple[str, str], pd.DataFrame]) -> list[dict[str, Any]]:
    """Error of each student, and what it gains over one that has no labels of these people.

    Returns
    -------
    list of dict
        ``withheld, labelled, learned_from, people, windows`` and, each an estimate with a lower and
        an upper bound, ``mae_bpm``, ``gain_bpm`` over no labels, and ``share`` of what all labels
        give.
    """
    nothing = _drawn(errors["none", "labels"])
    all_labels = _drawn(errors["all", "labels"])
    rows = []
    for (labelled, name), table in errors.items():
        if name == "teacher" and labelled != "none":
            continue  # the same in all studies
        drawn = _drawn(table)
        same_windows = table["windows"].equals(errors["none", "labels"]["windows"])
        row = {
            "withheld": withheld,
            "labelled": labelled,
            "learned_from": name,
            "people": len(table),
            "windows": int(table["windows"].sum()),
            "mae_bpm": estimate_with_interval(drawn),
        }
        if same_windows:
            with np.errstate(divide="ignore", invalid="ignore"):
                share = (nothing - drawn) / (nothing - all_labels)
            row["gain_bpm"] = estimate_with_interval(nothing - drawn)
            row["share"] = float(share[0])
        rows.append(row)
    return rows


def _drawn(table: pd.DataFrame) -> NDArray[np.float64]:
    """MAE of the sample of people and of each bootstrap draw."""
    sums = resampled_sums(table.sort_index()[["error", "windows"]].to_numpy(np.float64))
    return np.asarray(sums[:, 0] / sums[:, 1])


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Table of rows of `judge`."""
    header = ["withheld", "people, windows", "labelled", "learned from", "MAE", "gain", "share"]
    shown = []
    for row in rows:
        people = f"{row['people']}, {row['windows']:,}"
        what = [row["withheld"], people, row["labelled"], row["learned_from"]]
        gain = _interval(row["gain_bpm"]) if "gain_bpm" in row else "-"
        share = f"{row['share']:.0%}" if "share" in row else "-"
        shown.append([*what, _interval(row["mae_bpm"]), gain, share])
    return markdown(header, shown)


def _interval(figure: tuple[float, float, float]) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*figure)


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--study", type=Path, default=Path("studies/pretrained.yaml"))
    parser.add_argument("--datasets", nargs="+", choices=WITHHELD, default=[*WITHHELD])
    parser.add_argument("--student", default="spectral_resnet-4000")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/pretrained.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
