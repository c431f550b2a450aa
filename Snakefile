# The street: raw recordings -> windows -> splits -> teachers -> bank -> targets -> tuning ->
# students -> onnx -> latency -> cells -> scaling -> plan -> report. One rule file, one script and one
# module for each stage.
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from snakemake.utils import min_version

min_version("9.11")

# The package is found beside the workflow, also by the scripts and in environments without it.
SOURCE = str(Path(workflow.basedir) / "src")
sys.path.insert(0, SOURCE)
os.environ.update(PYTHONPATH=SOURCE)
# glibc gives large arrays back to the system and asks for them again in every training step,
# which takes longer than keeping them.
os.environ.update(MALLOC_MMAP_THRESHOLD_=str(2**32), MALLOC_TRIM_THRESHOLD_=str(2**34))

from ppgkd.datasets.registry import MANIFEST
from ppgkd.runtime.run_lock import acquire_run_lock
from ppgkd.runtime.code_digest import code_digest
from ppgkd.study.cell import fold_folder
from ppgkd.study.config import COMPARED, input_shape, parse_study

# A run that was killed leaves its locks; they are taken away where nobody is at work any more.
if workflow.is_main_process:
    run_lock = acquire_run_lock(".snakemake")

# What names a student, in paths and tables.
STUDENT = ["strategy", "teacher", "student"]

# A configuration that names its study is whole; anything else adjusts the default study.
if "study" not in config:

    configfile: Path(workflow.basedir) / "config.yaml"


study = parse_study(
    config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml"
)
config.update(study.config)


# Where a network is trained; a study with folds does it once in each of them.
RESULTS = f"results/{config['study']}"
FOLD = f"{RESULTS}/fold{{fold}}" if config["folds"] else RESULTS

# Snakemake notices changes of what it can print: numbers, texts, lists and mappings.
INPUTS = asdict(input_shape(config))

# Whether rules with `cache:` look into the cache between workflows (`--cache`).
CACHING = workflow.enable_cache

# Files of a bank of views, and of what a teacher says about it.
BANK = ["bank.json", "signal.npy", "spectra.npy", "hr_bpm.npy"]
TARGETS = ["targets.json", "logits.npy", "features.npy"]


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",
    fold=FOLD,
    fold_logs=f"{FOLD}/logs",
    fold_benchmarks=f"{FOLD}/benchmarks",
    student="{strategy}/{teacher}/{family}-{capacity}",
    teacher="{teacher}/seed{seed}",


wildcard_constraints:
    dataset="|".join(config["datasets"]),
    source="|".join(sorted({source for source, _ in MANIFEST})),
    strategy="|".join(config["strategies"]),
    teacher="|".join(["none", *(teacher.name for teacher in study.teachers)]),
    fold=r"\d+",
    family="resnet|mlp",
    capacity=r"\d+",
    seed=r"\d+",


rule all:
    default_target: True
    input:
        "<results>/report/report.html",
        "<results>/cells.parquet",


onsuccess:
    # Not the job's to do: killed after its last file and before that is noted, it would train again.
    for checkpoint in Path(RESULTS).rglob("*.pt"):
        checkpoint.unlink(missing_ok=True)


include: "workflow/rules/common.smk"
include: "workflow/rules/retrieve.smk"
include: "workflow/rules/windows.smk"
include: "workflow/rules/data_report.smk"
include: "workflow/rules/splits.smk"
include: "workflow/rules/teachers.smk"
include: "workflow/rules/alignment.smk"
include: "workflow/rules/view_cache.smk"
include: "workflow/rules/targets.smk"


if study.tuning:

    include: "workflow/rules/tuning.smk"


include: "workflow/rules/students.smk"
include: "workflow/rules/filter.smk"
include: "workflow/rules/onnx.smk"
include: "workflow/rules/latency.smk"
include: "workflow/rules/cells.smk"
include: "workflow/rules/scaling.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/recommended.smk"


if config["compare"]:

    include: "workflow/rules/compare.smk"


include: "workflow/rules/report.smk"
