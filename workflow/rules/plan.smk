# What the laws say how small the student may be; that student, trained; predicted beside measured.


checkpoint plan:
    input:
        cells="<results>/cells.parquet",
        laws="<results>/scaling/laws.json",
    output:
        "<results>/plan/answers.json",
    log:
        "<logs>/plan.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        wishes=lookup(dpath="plan", within=config),
    script:
        "../scripts/plan.py"


def planned(*files, first=False):
    """Files of the planned students' cells, once it is known which they are."""

    def of_answers(wildcards):
        with checkpoints.plan.get().output[0].open() as file:
            answers = json.load(file)
        return [
            f"<results>/{cell.path}/{file}"
            for answer in answers
            for cell in study.cells_of(*(answer[key] for key in STUDENT))[
                : 1 if first else None
            ]
            for file in files
        ]

    return of_answers


rule compare_plan:
    input:
        answers="<results>/plan/answers.json",
        trained=planned("metrics.json", "predictions.parquet"),
        profiled=planned("latency.json", first=True),
    output:
        "<results>/plan/compared.json",
    log:
        "<logs>/compare_plan.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        study=study,
        results=RESULTS,
    script:
        "../scripts/compare_plan.py"
