# Recordings to preprocessed windows, one Parquet file per dataset.


rule windows:
    input:
        lambda wildcards: study.input_files(wildcards.dataset),
    output:
        windows="<results>/windows/{dataset}.parquet",
        counts="<results>/windows/{dataset}.counts.csv",
    log:
        "<logs>/windows/{dataset}.log",
    cache: CACHING
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=lambda wildcards: digest("windows", reader(wildcards)),
        dataset=lambda wildcards: wildcards.dataset,
        entries=entries,
        spec=setting("windows"),
        recordings=lambda wildcards: [
            r.name for r in study.recordings(wildcards.dataset)
        ],
        ppg=lookup(dpath="datasets/{dataset}/ppg", within=config, default=None),
        reference_lags_s=lookup(
            dpath="datasets/{dataset}/reference_lag_s", within=config, default={}
        ),
    script:
        "../scripts/windows.py"


rule raw_windows:
    input:
        recordings=lambda wildcards: study.input_files(wildcards.dataset),
        windows="<results>/windows/{dataset}.parquet",
    output:
        "<results>/windows/{dataset}.raw.parquet",
    log:
        "<logs>/raw_windows/{dataset}.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=lambda wildcards: digest("raw_windows", reader(wildcards)),
        entries=entries,
        length_s=lookup(dpath="windows/length_s", within=config),
        recordings=lambda wildcards: [
            r.name for r in study.recordings(wildcards.dataset)
        ],
        ppg=lookup(dpath="datasets/{dataset}/ppg", within=config, default=None),
    script:
        "../scripts/raw_windows.py"
