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


rule people_figure:
    """Draw the error over the number of training people."""
    input:
        "<results>/people/laws.json",
    output:
        report(
            "<results>/report/people.svg",
            caption="../report/people.rst",
            category="Results",
        ),
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
