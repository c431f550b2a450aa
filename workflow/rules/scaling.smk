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
