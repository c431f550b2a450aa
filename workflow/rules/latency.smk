# Profiled alone: the job takes every core of the machine, so that nothing of the workflow runs beside
# it. Where something else does, it refuses to report.


rule latency:
    input:
        models=of_each_seed("model.onnx"),
        int8=of_each_seed("model.int8.onnx"),
    output:
        of_each_seed("latency.json"),
    log:
        "<fold_logs>/latency/<student>.log",
    conda:
        "../../envs/environment.yaml"
    threads: workflow.resource_settings.cores or 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=lambda wildcards: digest("latency"),
        timing=setting("latency"),
    script:
        "../scripts/latency.py"
