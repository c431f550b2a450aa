rule windows:
    """Cut a dataset's recordings into preprocessed windows, and count the rejected ones."""
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
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("windows", reader_module(wildcards)),
        dataset=lambda wildcards: wildcards.dataset,
        entries=recording_entries,
        own_files=own_file_digests,
        spec=config_section("windows"),
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
    """Keep a few raw windows of each recording, to check exported models on."""
    input:
        recordings=lambda wildcards: study.input_files(wildcards.dataset),
        windows="<results>/windows/{dataset}.parquet",
    output:
        "<results>/windows/{dataset}.raw.parquet",
    log:
        "<logs>/raw_windows/{dataset}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("raw_windows", reader_module(wildcards)),
        entries=recording_entries,
        own_files=own_file_digests,
        length_s=lookup(dpath="windows/length_s", within=config),
        recordings=lambda wildcards: [
            r.name for r in study.recordings(wildcards.dataset)
        ],
        ppg=lookup(dpath="datasets/{dataset}/ppg", within=config, default=None),
    script:
        "../scripts/raw_windows.py"
