# The street: raw recordings -> windows -> splits -> teachers -> targets -> students -> onnx ->
# latency -> cells -> scaling -> report. One rule file, one script and one module for each stage.
import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.11")

# The package is found beside the workflow, also by the scripts and in environments without it.
SOURCE = str(Path(workflow.basedir) / "src")
sys.path.insert(0, SOURCE)
os.environ.update(PYTHONPATH=SOURCE)

from ppgkd.config import input_shape, parse_study
from ppgkd.datasets.registry import MANIFEST

# A configuration that names its study is whole; anything else adjusts the default study.
if "study" not in config:

    configfile: Path(workflow.basedir) / "config.yaml"


study = parse_study(
    config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml"
)
config.update(study.config)


pathvars:
    results=f"results/{config['study']}",
    logs=f"results/{config['study']}/logs",
    benchmarks=f"results/{config['study']}/benchmarks",
    student="{strategy}/{teacher}/{family}-{capacity}/seed{seed}",
    teacher="{family}-{capacity}/seed{seed}",


wildcard_constraints:
    dataset="|".join(config["datasets"]),
    source="|".join(sorted({source for source, _ in MANIFEST})),
    strategy="|".join(config["strategies"]),
    teacher=r"none|[a-z]+-\d+",
    family="resnet|mlp",
    capacity=r"\d+",
    seed=r"\d+",


rule all:
    default_target: True
    input:
        "<results>/report/report.html",
        "<results>/cells.parquet",


include: "workflow/rules/retrieve.smk"
include: "workflow/rules/windows.smk"
include: "workflow/rules/splits.smk"
include: "workflow/rules/teachers.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/students.smk"
include: "workflow/rules/onnx.smk"
include: "workflow/rules/latency.smk"
include: "workflow/rules/cells.smk"
include: "workflow/rules/scaling.smk"
include: "workflow/rules/report.smk"
