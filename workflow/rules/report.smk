rule figures:
    """Draw the figures of the results."""
    input:
        subjects="<results>/subjects.parquet",
        students="<results>/students.parquet",
        laws="<results>/scaling/laws.json",
        effects="<results>/scaling/effects.json",
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
        error_vs_cost=report(
            "<results>/report/error_vs_cost.svg",
            caption="../report/error_vs_cost.rst",
            category="Results",
        ),
        residuals=report(
            "<results>/report/residuals.svg",
            caption="../report/residuals.rst",
            category="Results",
        ),
        teacher_student=report(
            "<results>/report/teacher_student.svg",
            caption="../report/teacher_student.rst",
            category="Results",
        ),
        pareto=report(
            "<results>/report/pareto.svg",
            caption="../report/pareto.rst",
            category="Results",
        ),
        specs=expand(
            "<results>/report/{figure}.json",
            figure=(
                "error_vs_size",
                "gain_over_scratch",
                "error_vs_cost",
                "residuals",
                "teacher_student",
                "pareto",
            ),
        ),
    log:
        "<logs>/figures.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("figures"),
        gates=config_section("gates"),
    script:
        "../scripts/figures.py"


rule quality_figures:
    """Draw the figures of the recommended student's quality."""
    input:
        predictions="<results>/recommended/predictions.parquet",
        quality="<results>/recommended/quality.json",
    output:
        bland_altman=report(
            "<results>/report/bland_altman.svg",
            caption="../report/bland_altman.rst",
            category="Recommended student",
        ),
        reliability=report(
            "<results>/report/reliability.svg",
            caption="../report/reliability.rst",
            category="Recommended student",
        ),
        risk_coverage=report(
            "<results>/report/risk_coverage.svg",
            caption="../report/risk_coverage.rst",
            category="Recommended student",
        ),
        specs=expand(
            "<results>/report/{figure}.json",
            figure=("bland_altman", "reliability", "risk_coverage"),
        ),
    log:
        "<logs>/quality_figures.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("quality_figures"),
    script:
        "../scripts/quality_figures.py"


rule report:
    """Write the report, one HTML file."""
    input:
        figures=[
            *rules.figures.output,
            *rules.quality_figures.output,
            *(rules.people_figure.output if study.subsets else []),
        ],
        cells="<results>/cells.parquet",
        subjects="<results>/subjects.parquet",
        students="<results>/students.parquet",
        strategies="<results>/strategies.parquet",
        laws="<results>/scaling/laws.json",
        effects="<results>/scaling/effects.json",
        claims="<results>/scaling/claims.json",
        splits=expand("{fold}/splits.csv", fold=FOLDS),
        recordings="<results>/data/recordings.parquet",
        # all of them, so that a page that an earlier version made without its figures is made again
        data_report=[
            rules.data_report.output.page,
            *rules.data_report.output.specs,
        ],
        teachers=expand(
            "{fold}/teachers/{teacher}/seed{seed}/metrics.json",
            teacher=[teacher.name for teacher in study.teachers],
            seed=config["seeds"],
            fold=FOLDS,
        ),
        plan=branch(
            bool(config["plan"]), then="<results>/plan/compared.json", otherwise=[]
        ),
        compared=branch(
            bool(config["compare"]), then="<results>/compared.json", otherwise=[]
        ),
        people=branch(
            bool(study.subsets), then="<results>/people/laws.json", otherwise=[]
        ),
        people_plan=branch(
            bool(study.subsets and config["plan"]),
            then="<results>/people/compared.json",
            otherwise=[],
        ),
        quality="<results>/recommended/quality.json",
        other_people=branch(
            bool(config["other_people"]),
            then="<results>/recommended/other_people.json",
            otherwise=[],
        ),
        profile="<results>/recommended/profile.json",
        shipped=[
            rules.ship.output.model,
            rules.ship.output.int8,
            rules.ship.output.rates,
        ],
        alignment="<results>/alignment.csv",
        tuning=expand(
            "{fold}/tuning/{strategy}.json",
            strategy=config["strategies"] if study.tuning else [],
            fold=FOLDS,
        ),
    output:
        report(
            "<results>/report/report.html",
            caption="../report/report.rst",
            category="Report",
        ),
    log:
        "<logs>/report.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("report", "study.study"),
        study=study,
        # the report shows the whole configuration; the mirror has no influence on the results. As a
        # function: braces in it are no wildcards
        configuration=lambda wildcards: json.dumps(
            {key: value for key, value in config.items() if key != "mirror"},
            sort_keys=True,
        ),
        datasets=repr(study.datasets),
        demo=HAS_DEMO,
    script:
        "../scripts/report.py"
