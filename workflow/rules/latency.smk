# Timed alone: the job takes every core of the machine, so that nothing runs beside it.


rule latency:
    input:
        "<fold>/students/<student>/seed{seed}/model.onnx",
    output:
        "<fold>/students/<student>/seed{seed}/latency.json",
    log:
        "<fold_logs>/latency/<student>/seed{seed}.log",
    conda:
        "../../envs/environment.yaml"
    threads: workflow.cores or 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        runs=lookup(dpath="latency/runs", within=config),
        warmup=lookup(dpath="latency/warmup", within=config),
    script:
        "../scripts/latency.py"
