# Every student as an ONNX file that agrees with PyTorch on real windows.


rule onnx:
    input:
        model="<fold>/students/<student>/seed{seed}/model.safetensors",
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
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
        study=lookup(dpath="study", within=config),
        tolerance_bpm=lookup(dpath="onnx/tolerance_bpm", within=config),
    script:
        "../scripts/onnx.py"
