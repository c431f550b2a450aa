# Every student as one ONNX file from raw samples to BPM, in float and with eight bits.


rule onnx:
    input:
        model="<fold>/students/<student>/seed{seed}/model.safetensors",
        metrics="<fold>/students/<student>/seed{seed}/metrics.json",
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
        filter="<fold>/filter.json",
        raw=f"<results>/windows/{study.sensor.name}.raw.parquet",
    output:
        "<fold>/students/<student>/seed{seed}/model.onnx",
    log:
        "<fold_logs>/onnx/<student>/seed{seed}.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        study=study,
        tolerance_bpm=lookup(dpath="onnx/tolerance_bpm", within=config),
        coverage=lookup(dpath="onnx/coverage", within=config),
    script:
        "../scripts/onnx.py"


rule int8:
    input:
        model="<fold>/students/<student>/seed{seed}/model.onnx",
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
    output:
        model="<fold>/students/<student>/seed{seed}/model.int8.onnx",
        cost="<fold>/students/<student>/seed{seed}/int8.json",
    log:
        "<fold_logs>/int8/<student>/seed{seed}.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        inputs=input_shape(config),
        max_loss_bpm=lookup(dpath="onnx/max_int8_loss_bpm", within=config),
    script:
        "../scripts/int8.py"
