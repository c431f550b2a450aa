# The job takes all cores, so that no other job of the workflow runs at the same time. It is one job for all
# students, because each such job is a barrier: before it starts, all cores must be free.


rule latency:
    """Measure latency and memory of all exported students, with all cores reserved for it."""
    input:
        models=lambda wildcards: cell_files(study.profiled, "model.onnx"),
        int8=lambda wildcards: cell_files(study.profiled, "model.int8.onnx"),
    output:
        cell_files(study.profiled, "latency.json"),
    log:
        "<logs>/latency.log",
    conda:
        "../../envs/environment.yaml"
    threads: workflow.resource_settings.cores or 1
    resources:
        mem_mb=doubled_on_retry(1000),
        runtime=doubled_on_retry(60),
    params:
        code=lambda wildcards: digest("latency"),
        timing=config_section("latency"),
    script:
        "../scripts/latency.py"
