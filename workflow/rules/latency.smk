# Profiled alone: the job takes every core of the machine, so that nothing of the workflow runs beside
# it. Where something else does, it refuses to report.


rule latency:
    input:
        model="<fold>/students/<student>/seed{seed}/model.onnx",
        int8="<fold>/students/<student>/seed{seed}/model.int8.onnx",
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
        max_spread=lookup(dpath="latency/max_spread", within=config),
    script:
        "../scripts/latency.py"
