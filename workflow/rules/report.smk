# The figures, and the page that carries them.


rule figures:
    input:
        students="<results>/students.parquet",
        laws="<results>/scaling/laws.json",
    output:
        error_vs_size=report(
            "<results>/report/error_vs_size.svg",
            caption="../report/error_vs_size.rst",
            category="Results",
        ),
        gain_over_scratch=report(
            "<results>/report/gain_over_scratch.svg",
            caption="../report/gain_over_scratch.rst",
            category="Results",
        ),
        pareto=report(
            "<results>/report/pareto.svg",
            caption="../report/pareto.rst",
            category="Results",
        ),
    log:
        "<logs>/figures.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        gates=lookup(dpath="gates", within=config),
    script:
        "../scripts/figures.py"


rule report:
    input:
        figures=rules.figures.output,
        cells="<results>/cells.parquet",
        students="<results>/students.parquet",
        laws="<results>/scaling/laws.json",
        effects="<results>/scaling/effects.json",
        splits="<results>/splits.csv",
        counts=expand(
            "<results>/windows/{dataset}.counts.csv", dataset=config["datasets"]
        ),
        teachers=expand(
            "<results>/teachers/{teacher}/seed{seed}/metrics.json",
            teacher=[teacher.name for teacher in study.teachers],
            seed=config["seeds"],
        ),
    output:
        report(
            "<results>/report/report.html",
            caption="../report/report.rst",
            category="Report",
        ),
    log:
        "<logs>/report.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        study=study,
    script:
        "../scripts/report.py"
