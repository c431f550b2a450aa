# One job exports all seeds of a student, as one job trains them: starting a job takes longer than
# exporting a file.


rule onnx:
    """Export the students of one cell, from raw samples to BPM, and check them on raw windows."""
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
        for_each_exported_seed("<fold>/students/<student>/seed{seed}/model.onnx"),
    log:
        "<fold_logs>/onnx/<student>.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(10),
    params:
        code=lambda wildcards: digest("onnx", f"models.{wildcards.family}"),
        inputs=INPUTS,
        study=study,
        seeds=study.profiled_seeds,
        # what the model card takes from the study; Snakemake cannot compare `study` itself
        card=lambda wildcards: {
            "study": config["study"],
            "windows": config_section("windows"),
            "terms": {dataset.name: dataset.terms for dataset in study.datasets},
            "teacher": repr(
                [t for t in study.teachers if t.name == wildcards.teacher]
            ),
        },
        onnx={key: config["onnx"][key] for key in ("tolerance_bpm", "coverage")},
    script:
        "../scripts/onnx.py"


rule int8:
    """Quantise the exported students of one cell to eight bits, and measure the loss in accuracy."""
    input:
        models=for_each_exported_seed("<fold>/students/<student>/seed{seed}/model.onnx"),
        windows=WINDOWS,
        splits="<fold>/splits.csv",
    output:
        models=for_each_exported_seed(
            "<fold>/students/<student>/seed{seed}/model.int8.onnx"
        ),
        costs=for_each_exported_seed("<fold>/students/<student>/seed{seed}/int8.json"),
    log:
        "<fold_logs>/int8/<student>.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(10),
    params:
        code=lambda wildcards: digest("int8"),
        inputs=INPUTS,
        max_loss_bpm=lookup(dpath="onnx/max_int8_loss_bpm", within=config),
    script:
        "../scripts/int8.py"
