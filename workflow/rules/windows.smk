# Recordings to preprocessed windows, one Parquet file per dataset.


rule windows:
    input:
        lambda wildcards: expand(
            "resources/raw/{path}", path=study.raw_files(wildcards.dataset)
        ),
    output:
        windows="<results>/windows/{dataset}.parquet",
        counts="<results>/windows/{dataset}.counts.csv",
    log:
        "<logs>/windows/{dataset}.log",
    benchmark:
        "<benchmarks>/windows/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        spec=lookup(dpath="windows", within=config),
        recordings=lambda wildcards: [
            r.name for r in study.recordings(wildcards.dataset)
        ],
        reference_lags_s=lookup(
            dpath="datasets/{dataset}/reference_lag_s", within=config, default={}
        ),
    script:
        "../scripts/windows.py"


rule raw_windows:
    input:
        recordings=lambda wildcards: expand(
            "resources/raw/{path}", path=study.raw_files(wildcards.dataset)
        ),
        windows="<results>/windows/{dataset}.parquet",
    output:
        "<results>/windows/{dataset}.raw.parquet",
    log:
        "<logs>/raw_windows/{dataset}.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        length_s=lookup(dpath="windows/length_s", within=config),
        recordings=lambda wildcards: [
            r.name for r in study.recordings(wildcards.dataset)
        ],
    script:
        "../scripts/raw_windows.py"
