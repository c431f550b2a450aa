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
        mem_mb=2000,
        runtime=30,
    params:
        inputs=input_shape(config),
    script:
        "../scripts/scaling.py"
