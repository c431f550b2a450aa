rule scaling:
    """Fit the scaling laws, and the mixed model of the strategies' effects."""
    input:
        cells="<results>/cells.parquet",
        subjects="<results>/subjects.parquet",
    output:
        laws="<results>/scaling/laws.json",
        effects="<results>/scaling/effects.json",
    log:
        "<logs>/scaling.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("scaling"),
        inputs=INPUTS,
    script:
        "../scripts/scaling.py"


rule claims:
    """Judge the claims of the study that is followed, one by one."""
    input:
        students="<results>/students.parquet",
        subjects="<results>/subjects.parquet",
        laws="<results>/scaling/laws.json",
    output:
        "<results>/scaling/claims.json",
    log:
        "<logs>/claims.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("claims"),
        gates=config_section("gates"),
    script:
        "../scripts/claims.py"
