# Whether each recording's reference lies on its signal in time, by the first teacher of the first
# seed: tabled, and told in the report. What a study makes of it stands in its configuration.


rule alignment:
    input:
        models=[
            file
            for fold in study.folds
            for file in study.teacher_files(
                study.teachers[0].name,
                config["seeds"][0],
                f"<results>/{fold_folder(fold)}teachers",
            )
        ],
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits=[f"<results>/{fold_folder(fold)}splits.csv" for fold in study.folds],
    output:
        "<results>/alignment.csv",
    log:
        "<logs>/alignment.log",
    benchmark:
        "<benchmarks>/alignment.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=lambda wildcards: digest("alignment", *families(study.teachers[0].name)),
        inputs=INPUTS,
    script:
        "../scripts/alignment.py"
