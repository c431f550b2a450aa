# Which students are planned is known only after the laws are fitted; these are then trained.


checkpoint plan:
    """Find the students that meet the study's constraints according to the scaling laws."""
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
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("plan"),
        constraints=lookup(dpath="plan", within=config),
        cost=lookup(dpath="gates/cost", within=config),
    script:
        "../scripts/plan.py"


use rule onnx as planned_onnx with:
    input:
        models=for_each_exported_seed(
            "<fold>/students/<student>/seed{seed}/model.safetensors"
        ),
        metrics=for_each_exported_seed(
            "<fold>/students/<student>/seed{seed}/metrics.json"
        ),
        windows=WINDOWS,
        splits="<fold>/splits.csv",
        filter="<fold>/filter.json",
        raw=f"<results>/windows/{study.sensor.name}.raw.parquet",
    output:
        models=for_each_exported_seed("<fold>/students/<student>/seed{seed}/model.onnx"),
        int8=for_each_exported_seed(
            "<fold>/students/<student>/seed{seed}/model.int8.onnx"
        ),
        costs=for_each_exported_seed("<fold>/students/<student>/seed{seed}/int8.json"),
    log:
        "<fold_logs>/onnx/<student>.log",
    params:
        students=lambda wildcards: [[wildcards.family, wildcards.capacity]],


use rule latency as planned_latency with:
    input:
        models=for_each_exported_seed("<fold>/students/<student>/seed{seed}/model.onnx"),
        int8=for_each_exported_seed(
            "<fold>/students/<student>/seed{seed}/model.int8.onnx"
        ),
    output:
        for_each_exported_seed("<fold>/students/<student>/seed{seed}/latency.json"),
    log:
        "<fold_logs>/planned_latency/<student>.log",


# A planned student may be one of the sweep, which is exported and timed there.
ruleorder: onnx > planned_onnx
ruleorder: latency > planned_latency


rule compare_plan:
    """Compare error, latency and size of the planned students with what was predicted."""
    input:
        answers="<results>/plan/answers.json",
        trained=planned_files("metrics.json", "predictions.parquet"),
        profiled=planned_files("latency.json", first=True),
    output:
        "<results>/plan/compared.json",
    log:
        "<logs>/compare_plan.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("compare_plan", "study.study"),
        study=study,
        core=lookup(dpath="gates/core", within=config),
        results=subpath(output[0], ancestor=2),
    script:
        "../scripts/compare_plan.py"
