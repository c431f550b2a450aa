# Raw data: downloaded and verified, or simulated.


rule retrieve:
    output:
        "resources/raw/{source}/{path}",
    log:
        "resources/logs/retrieve/{source}/{path}.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        sha256=lambda wildcards: MANIFEST[wildcards.source, wildcards.path].sha256,
    script:
        "../scripts/retrieve.py"


rule simulate:
    output:
        "resources/raw/simulated/n{n_subjects}-s{duration_s}-seed{simulation_seed}.npz",
    log:
        "resources/logs/simulate/n{n_subjects}-s{duration_s}-seed{simulation_seed}.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../scripts/simulate.py"
