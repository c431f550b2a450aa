#!/usr/bin/env bash
# Snakemake 9.27.1: while jobs wait for a core, the scheduler wakes up once a second for every job that has finished.
#
# Expected: one core is busy, the next job can start when it is free, so the scheduler has nothing to do until then.
# Seen: each pass of the scheduler that finds ready jobs arms a timer for the next second (the span of the default
# --max-jobs-per-timespan 100/1s), a pass started by a timer arms one again, and each finished job starts one more such
# chain. The passes per job grow with the jobs that are done. With a real DAG each pass costs some milliseconds of CPU:
# a sweep of a thousand jobs loses a core to it. A longer span makes the chains slower, and the process then waits for up
# to that span at its end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check snakemake==9.27.1
cd "$folder"
cat >Snakefile <<'SNAKEFILE'
rule all:
    input:
        expand("out/{n}", n=range(30)),


rule wait:
    output:
        "out/{n}",
    shell:
        "sleep 0.7; touch {output}"
SNAKEFILE
export PATH="$folder/venv/bin:$PATH" XDG_CACHE_HOME="$folder/cache"
snakemake --cores 1 --verbose >run.log 2>&1
python - <<'PYTHON'
import re

passes, by_job = 0, []
for line in open("run.log"):
    passes += line.startswith(("Waiting for running jobs", "Waiting for more resources"))
    if re.match(r"\d+ of \d+ steps", line):
        by_job.append(passes)
early, late = by_job[9] / 10, (by_job[29] - by_job[19]) / 10
print(f"snakemake 9.27.1, 30 jobs of 0.7 s on one core")
print(f"scheduler passes a job: {early:.1f} for the first ten, {late:.1f} for the last ten")
assert late > 2 * early and late > 5, "the passes do not grow any more"
PYTHON
