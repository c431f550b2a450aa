# The pipeline: raw recordings -> windows -> splits -> teachers -> view cache -> targets -> tuning ->
# students -> onnx -> latency -> cells -> scaling -> plan -> report. `snakemake --list` says what each
# rule makes. Rules are in workflow/rules/, one file for each stage; a rule's script has its name.
import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from snakemake.utils import min_version

min_version("9.11")

# Snakemake runs scripts by the path of its own Python, without quotes.
if shlex.quote(sys.executable) != sys.executable:
    sys.exit(
        f"ppgkd: Snakemake cannot run scripts by {sys.executable!r}. Make the environment in a folder "
        "whose path has no blanks, quotes or other characters that are special to a shell."
    )

# Scripts import the package from here, also in environments where it is not installed.
SOURCE = str(Path(workflow.basedir) / "src")
sys.path.insert(0, SOURCE)
os.environ.update(PYTHONPATH=SOURCE)
# By default, glibc returns large arrays to the system and requests them again in every training
# step, which takes longer than keeping them.
os.environ.update(MALLOC_MMAP_THRESHOLD_=str(2**32), MALLOC_TRIM_THRESHOLD_=str(2**34))

# Each job would compile the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from ppgkd.datasets.own.files import SOURCE as OWN_SOURCE
from ppgkd.datasets.registry import MANIFEST
from ppgkd.demo.web_files import NOT_INSTALLED, has_web_files
from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import SHAPES
from ppgkd.published.registry import PUBLISHED
from ppgkd.runtime.run_lock import acquire_run_lock
from ppgkd.runtime.code_digest import code_digest
from ppgkd.runtime.interrupt import IGNORE_IN_JOBS, explain_interrupts
from ppgkd.strategies.registry import STRATEGIES
from ppgkd.study.cell import FINAL, fold_folder
from ppgkd.study.parse import parse_study
from ppgkd.study.study import COMPARED, input_shape
from ppgkd.study.subset import FOLDER as SUBSET_FOLDER

# A killed run leaves Snakemake's locks behind; they are removed if no other run is active.
if workflow.is_main_process:
    run_lock = acquire_run_lock(".snakemake")
    explain_interrupts(logger)
    shell.prefix(IGNORE_IN_JOBS)

# Together, these identify a student in paths and tables.
STUDENT = ["strategy", "teacher", "student"]

# A configuration with the key `study` is complete; any other changes keys of the default study.
if "study" not in config:

    configfile: Path(workflow.basedir) / "config.yaml"


# Any other exception would be printed with the lines of the code that raised it.
try:
    study = parse_study(config)
except PpgkdError as error:
    sys.exit(f"ppgkd: {error}")
config.update(study.config)


# Networks are trained in FOLD; a study with folds has one folder for each, and one for the student
# that is shipped, which leaves nobody out.
RESULTS = f"results/{config['study']}"
FOLD = f"{RESULTS}/{{fold}}" if config["folds"] else RESULTS
FOLDS = [f"{RESULTS}/{fold_folder(fold)}".rstrip("/") for fold in study.folds]
# These train the recommended student alone.
PEOPLE_FOLDS = [
    f"{RESULTS}/{fold_folder(fold)}".rstrip("/") for fold in study.people_folds
]

# As a mapping, because Snakemake detects changes only of numbers, strings, lists and mappings.
INPUTS = asdict(input_shape(config))

# What a browser loads comes from npm, which not everybody can reach; a study needs no demonstration.
# Conda installs it with the environment of the rules.
HAS_DEMO = has_web_files() or bool(workflow.deployment_settings.deployment_method)
if workflow.is_main_process and not HAS_DEMO:
    logger.warning(f"ppgkd: The study will have no demonstration: {NOT_INSTALLED}")

# With `--cache`, rules with `cache:` share their outputs between working directories.
CACHING = workflow.enable_cache

# Resources of jobs that take seconds.
SMALL_JOB = {"mem_mb": 1000, "runtime": 10}

# Files that are inputs of many rules.
WINDOWS = expand("<results>/windows/{dataset}.parquet", dataset=config["datasets"])
COUNTS = expand("<results>/windows/{dataset}.counts.csv", dataset=config["datasets"])
# Of a view cache: who sees the signal needs no spectra, and the other way round.
VIEW_CACHE = {
    sees: [
        "bank.json",
        f"{sees}.npy",
        "hr_bpm.npy",
        "pulse_row.npy",
        "rate_factor.npy",
    ]
    for sees in ("signal", "spectra")
}
# A view cache has spectra if any student sees them; teachers see the signal.
HAS_SPECTRA = any(SHAPES[family].sees == "spectra" for family in config["students"])
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
    fold=rf"fold\d+(-({SUBSET_FOLDER}))?|{FINAL}",
    family="|".join(SHAPES),
    capacity=r"\d+",
    seed=r"\d+",


rule all:
    """Make the report, the table of cells and the demonstration."""
    default_target: True
    input:
        "<results>/report/report.html",
        "<results>/cells.parquet",
        *(["<results>/demo/index.html"] if HAS_DEMO else []),


onstart:
    # Snakemake 9.27 limits how many jobs start in a second. To do so it wakes up every second once for
    # each job that has finished, which costs a core in a sweep of a thousand cells. On one machine,
    # the cores limit the jobs.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    # Jobs cannot delete their checkpoints: a job that is killed after its last output, but before
    # Snakemake has recorded it, would train from the start again.
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
include: "workflow/rules/recorded.smk"
include: "workflow/rules/published.smk"


if study.tuning:

    include: "workflow/rules/tuning.smk"


include: "workflow/rules/students.smk"
include: "workflow/rules/filter.smk"
include: "workflow/rules/onnx.smk"
include: "workflow/rules/latency.smk"
include: "workflow/rules/cells.smk"
include: "workflow/rules/scaling.smk"


if study.subsets:

    include: "workflow/rules/people.smk"


include: "workflow/rules/plan.smk"
include: "workflow/rules/recommended.smk"


if config["compare"]:

    include: "workflow/rules/compare.smk"


include: "workflow/rules/report.smk"
include: "workflow/rules/demo.smk"
