# Which students are planned is known only after the laws are fitted; these are then trained.


checkpoint plan:
    """Find the students that meet the study's constraints according to the scaling laws."""
    input:
        cells="<results>/cells.parquet",
        laws="<results>/scaling/laws.json",
    output:
        "<results>/plan/answers.json",
    log:
        "<logs>/plan.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("plan"),
        constraints=lookup(dpath="plan", within=config),
    script:
        "../scripts/plan.py"


rule compare_plan:
    """Compare error, latency and size of the planned students with what was predicted."""
    input:
        answers="<results>/plan/answers.json",
        trained=planned_files("metrics.json", "predictions.parquet"),
        profiled=planned_files("latency.json", first=True),
    output:
        "<results>/plan/compared.json",
    log:
        "<logs>/compare_plan.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("compare_plan", "study.study"),
        study=study,
        results=subpath(output[0], ancestor=2),
    script:
        "../scripts/compare_plan.py"
