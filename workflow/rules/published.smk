# Published models as teachers. They need packages that nothing else here needs, so their network runs
# in an environment of its own, between two jobs in the project's: one that reads the recordings, and
# one that writes the estimates. A study that names no published teacher has none of these jobs.

BY_CONDA = "conda" in {
    str(method) for method in workflow.deployment_settings.deployment_method
}
BELIEFPPG = Path(workflow.basedir) / ".venv-beliefppg"


rule published_environment:
    """Make the environment of a published model with pip; with conda, Snakemake makes it."""
    input:
        Path(workflow.basedir) / "envs/beliefppg.txt",
    output:
        BELIEFPPG / "installed",
    log:
        "resources/logs/published_environment.log",
    localrule: True  # it needs the network
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    script:
        "../scripts/published_environment.py"


rule published_inputs:
    """Write the recordings of a dataset as a published model takes them."""
    input:
        lambda wildcards: study.input_files(wildcards.dataset),
    output:
        temp("<results>/published/{dataset}.inputs.npz"),
    log:
        "<logs>/published_inputs/{dataset}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("published_inputs", reader_module(wildcards)),
        entries=recording_entries,
        own_files=own_file_digests,
        recordings=lambda wildcards: [
            r.name for r in study.recordings(wildcards.dataset)
        ],
    script:
        "../scripts/published_inputs.py"


rule beliefppg:
    """Run BeliefPPG's network, in its own environment, over the recordings of a dataset."""
    input:
        inputs="<results>/published/{dataset}.inputs.npz",
        environment=[] if BY_CONDA else BELIEFPPG / "installed",
    output:
        temp("<results>/published/{dataset}.beliefs.npz"),
    log:
        "<logs>/beliefppg/{dataset}.log",
    benchmark:
        "<benchmarks>/beliefppg/{dataset}.tsv"
    conda:
        "../../envs/beliefppg.yaml"
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(240),
    params:
        code=code_digest(Path(SOURCE) / "ppgkd/published/beliefppg.py"),
        python="python" if BY_CONDA else str(BELIEFPPG / "bin/python"),
    shell:
        "{params.python} -m ppgkd.published.beliefppg {input.inputs:q} {output:q} > {log:q} 2>&1"


rule published:
    """Decode what a published model says, and write it as the estimates of a teacher."""
    input:
        recordings=lambda wildcards: study.input_files(wildcards.dataset),
        inputs="<results>/published/{dataset}.inputs.npz",
        beliefs="<results>/published/{dataset}.beliefs.npz",
    output:
        "<results>/published/{published}/{dataset}.parquet",
    log:
        "<logs>/published/{published}/{dataset}.log",
    wildcard_constraints:
        published="|".join(PUBLISHED),
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=digest("published"),
        teacher=lambda wildcards: repr(PUBLISHED[wildcards.published]),
        entries=recording_entries,
        own_files=own_file_digests,
        recordings=lambda wildcards: [
            r.name for r in study.recordings(wildcards.dataset)
        ],
    script:
        "../scripts/published.py"
