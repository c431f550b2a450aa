# What the laws say how small the student may be; that student, trained; predicted beside measured.


checkpoint plan:
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
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=lambda wildcards: digest("plan"),
        wishes=lookup(dpath="plan", within=config),
    script:
        "../scripts/plan.py"


rule compare_plan:
    input:
        answers="<results>/plan/answers.json",
        trained=planned("metrics.json", "predictions.parquet"),
        profiled=planned("latency.json", first=True),
    output:
        "<results>/plan/compared.json",
    log:
        "<logs>/compare_plan.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=lambda wildcards: digest("compare_plan", "study.config"),
        study=study,
        results=subpath(output[0], ancestor=2),
    script:
        "../scripts/compare_plan.py"
