# The data report needs the windows alone; nothing is trained for it.


rule dataset_summary:
    """Summarise each recording of a dataset in one row."""
    input:
        windows="<results>/windows/{dataset}.parquet",
        counts="<results>/windows/{dataset}.counts.csv",
    output:
        "<results>/data/recordings/{dataset}.parquet",
    log:
        "<logs>/dataset_summary/{dataset}.log",
    benchmark:
        "<benchmarks>/dataset_summary/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("dataset_summary"),
    script:
        "../scripts/dataset_summary.py"


rule spectral_ranks:
    """Rank the references among the peaks of the spectrum: what any estimator can and cannot do."""
    input:
        WINDOWS,
    output:
        ranks="<results>/data/spectral_ranks.parquet",
        csv="<results>/data/spectral_ranks.csv",
    log:
        "<logs>/spectral_ranks.log",
    benchmark:
        "<benchmarks>/spectral_ranks.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("spectral_ranks"),
    script:
        "../scripts/spectral_ranks.py"


rule data_report:
    """Write the data report: tables, figures and a page about the recordings."""
    input:
        recordings=expand(
            "<results>/data/recordings/{dataset}.parquet", dataset=config["datasets"]
        ),
        ranks="<results>/data/spectral_ranks.parquet",
    output:
        recordings="<results>/data/recordings.parquet",
        csv="<results>/data/recordings.csv",
        heart_rates=report(
            "<results>/data/heart_rates.svg",
            caption="../report/heart_rates.rst",
            category="Data",
        ),
        difficulty=report(
            "<results>/data/difficulty.svg",
            caption="../report/difficulty.rst",
            category="Data",
        ),
        specs=expand(
            "<results>/data/{figure}.json", figure=("heart_rates", "difficulty")
        ),
        page=report(
            "<results>/data/report.html",
            caption="../report/data_report.rst",
            category="Data",
        ),
    log:
        "<logs>/data_report.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("data_report"),
        study=config["study"],
        windows=config_section("windows"),
        datasets=study.datasets,
        files=[
            file
            for dataset in study.datasets
            for entry in study.recordings(dataset.name)
            for file in entry.files
        ],
        # as text, because Snakemake cannot compare the objects above
        described=repr(study.datasets),
    script:
        "../scripts/data_report.py"
