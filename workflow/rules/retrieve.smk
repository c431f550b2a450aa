# Raw data: downloaded and verified, or simulated.


rule retrieve:
    output:
        "resources/raw/{source}/{path}",
    log:
        "resources/logs/retrieve/{source}/{path}.log",
    cache: CACHING
    localrule: True
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        # the file and its checksum say what it is; whatever code fetches it, it is the same
        file=lambda wildcards: f"{wildcards.source}/{wildcards.path}",
        sha256=lambda wildcards: MANIFEST[wildcards.source, wildcards.path].sha256,
    script:
        "../scripts/retrieve.py"


rule simulate:
    output:
        "resources/raw/simulated/n{n_subjects}-s{duration_s}-seed{simulation_seed}.npz",
    log:
        "resources/logs/simulate/n{n_subjects}-s{duration_s}-seed{simulation_seed}.log",
    cache: CACHING
    localrule: True
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=lambda wildcards: digest("simulate"),
        cohort=lambda wildcards: dict(wildcards),
    script:
        "../scripts/simulate.py"
