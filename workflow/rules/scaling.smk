# From size to error, and whether a strategy pays.


rule scaling:
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
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=lambda wildcards: digest("scaling"),
        inputs=INPUTS,
    script:
        "../scripts/scaling.py"
