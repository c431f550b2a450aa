# The tidy table.


rule cells:
    input:
        metrics=[f"<results>/{cell.path}/metrics.json" for cell in study.cells],
        predictions=[
            f"<results>/{cell.path}/predictions.parquet" for cell in study.cells
        ],
        latency=[f"<results>/{cell.path}/latency.json" for cell in study.profiled],
        int8=[f"<results>/{cell.path}/int8.json" for cell in study.profiled],
        teachers=sorted(
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
        mem_mb=2000,
        runtime=30,
    params:
        study=lookup(dpath="study", within=config),
        cells=study.cells,
        profiled=study.profiled,
        results=subpath(output.cells, parent=True),
    script:
        "../scripts/cells.py"
