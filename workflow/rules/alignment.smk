# Uses the first teacher with the first seed; a recorded one, if the study has no other. The report shows
# the lags; to correct a reference, set `reference_lag_s` in the configuration.


rule alignment:
    """Estimate the lag of each recording's reference behind its signal."""
    input:
        models=[
            file
            for fold in (FOLDS[:1] if study.teachers[0].estimates else FOLDS)
            for file in study.teacher_files(
                study.teachers[0].name, config["seeds"][0], f"{fold}/teachers"
            )
        ],
        windows=WINDOWS,
        splits=expand("{fold}/splits.csv", fold=FOLDS),
        counts=COUNTS if study.teachers[0].estimates else [],
    output:
        "<results>/alignment.csv",
    log:
        "<logs>/alignment.log",
    benchmark:
        "<benchmarks>/alignment.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(60),
    params:
        code=lambda wildcards: digest(
            "alignment", *teacher_modules(study.teachers[0].name)
        ),
        inputs=INPUTS,
        recorded=recorded_datasets(study.teachers[0].name),
    script:
        "../scripts/alignment.py"
