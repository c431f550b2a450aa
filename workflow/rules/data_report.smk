# What the recordings are like: tables, figures and a page of their own, from the windows alone.


rule dataset_summary:
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
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=lambda wildcards: digest("dataset_summary"),
    script:
        "../scripts/dataset_summary.py"


rule data_report:
    input:
        expand(
            "<results>/data/recordings/{dataset}.parquet", dataset=config["datasets"]
        ),
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
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=lambda wildcards: digest("data_report"),
        study=config["study"],
        windows=setting("windows"),
        datasets=study.datasets,
        files=[
            file
            for dataset in study.datasets
            for entry in study.recordings(dataset.name)
            for file in entry.files
        ],
        # Snakemake does not see a change of the objects above
        described=repr(study.datasets),
    script:
        "../scripts/data_report.py"
