# The tidy table.


rule cells:
    input:
        metrics=[f"<results>/students/{cell.path}/metrics.json" for cell in study.cells],
        predictions=[
            f"<results>/students/{cell.path}/predictions.parquet"
            for cell in study.cells
        ],
        latency=[f"<results>/students/{cell.path}/latency.json" for cell in study.cells],
        teachers=expand(
            "<results>/teachers/{teacher}/seed{seed}/metrics.json",
            teacher=sorted({cell.teacher for cell in study.cells} - {"none"}),
            seed=config["seeds"],
        ),
    output:
        cells="<results>/cells.parquet",
        subjects="<results>/subjects.parquet",
        students="<results>/students.parquet",
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
        results=subpath(output.cells, parent=True),
    script:
        "../scripts/cells.py"
