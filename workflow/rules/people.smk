# Everything is trained again with subsets of the training people; each subset is a fold of its own.


rule people_cells:
    """Collect the results of all cells, with all training people and with subsets of them."""
    input:
        metrics=lambda wildcards: cell_files(
            study.cells + study.subset_cells, "metrics.json"
        ),
        predictions=lambda wildcards: cell_files(
            study.cells + study.subset_cells, "predictions.parquet"
        ),
        teachers=lambda wildcards: sorted(
            {
                f"<results>/{cell.teacher_path}/metrics.json"
                for cell in study.cells + study.subset_cells
                if cell.teacher != "none"
            }
        ),
        windows=WINDOWS,
        splits=lambda wildcards: sorted(
            {
                f"<results>/{fold_folder(cell.fold, cell.subset)}splits.csv"
                for cell in study.cells + study.subset_cells
            }
        ),
    output:
        cells="<results>/people/cells.parquet",
        subjects="<results>/people/subjects.parquet",
    log:
        "<logs>/people_cells.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("people_cells"),
        cells=lambda wildcards: study.cells + study.subset_cells,
        results=subpath(output.cells, ancestor=2),
        stride_s=lookup(dpath="windows/stride_s", within=config),
    script:
        "../scripts/people_cells.py"


rule people:
    """Fit the laws in the number of training people, and in it and the student's size."""
    input:
        cells="<results>/people/cells.parquet",
        subjects="<results>/people/subjects.parquet",
    output:
        "<results>/people/laws.json",
    log:
        "<logs>/people.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("people"),
    script:
        "../scripts/people.py"


checkpoint people_plan:
    """Find how many people meet the study's bounds on the error."""
    input:
        cells="<results>/cells.parquet",
        laws="<results>/people/laws.json",
    output:
        "<results>/people/plan.json",
    log:
        "<logs>/people_plan.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("people_plan"),
        constraints=lookup(dpath="plan", within=config),
    script:
        "../scripts/people_plan.py"


rule compare_people_plan:
    """Compare the error with the planned numbers of people with what was forecast."""
    input:
        answers="<results>/people/plan.json",
        trained=planned_people_files("metrics.json", "predictions.parquet"),
    output:
        "<results>/people/compared.json",
    log:
        "<logs>/compare_people_plan.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("compare_people_plan", "study.study"),
        study=study,
        results=subpath(output[0], ancestor=2),
    script:
        "../scripts/compare_people_plan.py"


rule people_figure:
    """Draw the error over the number of training people."""
    input:
        laws="<results>/people/laws.json",
        subjects="<results>/subjects.parquet",
    output:
        report(
            "<results>/report/people.svg",
            caption="../report/people.rst",
            category="Results",
        ),
        spec="<results>/report/people.json",
    log:
        "<logs>/people_figure.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("people_figure"),
    script:
        "../scripts/people_figure.py"
