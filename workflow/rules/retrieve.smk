rule retrieve:
    """Download one raw file, or copy it from the mirror, and verify its checksum."""
    output:
        "resources/raw/{source}/{path}",
    log:
        "resources/logs/retrieve/{source}/{path}.log",
    cache: CACHING
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        # no digest of the code: the checksum identifies the file, however it was fetched
        file=lambda wildcards: f"{wildcards.source}/{wildcards.path}",
        sha256=lambda wildcards: MANIFEST[wildcards.source, wildcards.path].sha256,
    script:
        "../scripts/retrieve.py"


rule simulate:
    """Simulate a cohort: PPG and acceleration with reference heart rates."""
    output:
        "resources/raw/simulated/n{n_subjects}-s{duration_s}-seed{simulation_seed}.npz",
    log:
        "resources/logs/simulate/n{n_subjects}-s{duration_s}-seed{simulation_seed}.log",
    cache: CACHING
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=lambda wildcards: digest("simulate"),
        cohort=lambda wildcards: dict(wildcards),
    script:
        "../scripts/simulate.py"
