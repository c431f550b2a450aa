# Tens of thousands of files are inputs here. Functions list them, so that only this rule's own job
# computes the list: every job reads this file.


rule cells:
    """Collect the results of all cells in tables: of cells, subjects, students and strategies."""
    input:
        metrics=lambda wildcards: cell_files(study.cells, "metrics.json"),
        predictions=lambda wildcards: cell_files(study.cells, "predictions.parquet"),
        latency=lambda wildcards: cell_files(study.profiled, "latency.json"),
        int8=lambda wildcards: cell_files(study.profiled, "int8.json"),
        teachers=lambda wildcards: sorted(
            {
                f"<results>/{cell.teacher_path}/metrics.json"
                for cell in study.cells
                if cell.teacher != "none"
            }
        ),
    output:
        cells="<results>/cells.parquet",
        subjects="<results>/subjects.parquet",
        students="<results>/students.parquet",
        strategies="<results>/strategies.parquet",
    log:
        "<logs>/cells.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest("cells"),
        study=lookup(dpath="study", within=config),
        cells=lambda wildcards: study.cells,
        profiled=lambda wildcards: study.profiled,
        core=lookup(dpath="gates/core", within=config),
        results=subpath(output.cells, parent=True),
    script:
        "../scripts/cells.py"
