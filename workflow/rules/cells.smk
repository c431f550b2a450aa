# The tidy table. Tens of thousands of files go into it, and every job reads this file: they are
# named by functions, which only the one job that needs them calls.


rule cells:
    input:
        metrics=lambda wildcards: of_cells(study.cells, "metrics.json"),
        predictions=lambda wildcards: of_cells(study.cells, "predictions.parquet"),
        latency=lambda wildcards: of_cells(study.profiled, "latency.json"),
        int8=lambda wildcards: of_cells(study.profiled, "int8.json"),
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
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=lambda wildcards: digest("cells"),
        study=lookup(dpath="study", within=config),
        cells=lambda wildcards: study.cells,
        profiled=lambda wildcards: study.profiled,
        results=subpath(output.cells, parent=True),
    script:
        "../scripts/cells.py"
