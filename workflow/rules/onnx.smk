# Every student as one ONNX file from raw samples to BPM, in float and with eight bits. As with
# training, one job does the seeds of a student: a job costs more to plan and start than a file.


rule onnx:
    input:
        models=of_each_seed("model.safetensors"),
        metrics=of_each_seed("metrics.json"),
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
        filter="<fold>/filter.json",
        raw=f"<results>/windows/{study.sensor.name}.raw.parquet",
    output:
        of_each_seed("model.onnx"),
    log:
        "<fold_logs>/onnx/<student>.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=lambda wildcards: digest("onnx", f"models.{wildcards.family}"),
        inputs=INPUTS,
        study=study,
        seeds=study.profiled_seeds,
        # what the file's card takes from the study, which Snakemake itself cannot compare
        card=lambda wildcards: {
            "study": config["study"],
            "windows": setting("windows"),
            "terms": {dataset.name: dataset.terms for dataset in study.datasets},
            "teacher": repr(
                [t for t in study.teachers if t.name == wildcards.teacher]
            ),
        },
        onnx={key: config["onnx"][key] for key in ("tolerance_bpm", "coverage")},
    script:
        "../scripts/onnx.py"


rule int8:
    input:
        models=of_each_seed("model.onnx"),
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
    output:
        models=of_each_seed("model.int8.onnx"),
        costs=of_each_seed("int8.json"),
    log:
        "<fold_logs>/int8/<student>.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=lambda wildcards: digest("int8"),
        inputs=INPUTS,
        max_loss_bpm=lookup(dpath="onnx/max_int8_loss_bpm", within=config),
    script:
        "../scripts/int8.py"
