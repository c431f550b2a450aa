rule scaling:
    """Fit the scaling laws, and the mixed model of the strategies' effects; judge the claims."""
    input:
        cells="<results>/cells.parquet",
        subjects="<results>/subjects.parquet",
    output:
        laws="<results>/scaling/laws.json",
        effects="<results>/scaling/effects.json",
        claims="<results>/scaling/claims.json",
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
        gates=config_section("gates"),
    script:
        "../scripts/scaling.py"
