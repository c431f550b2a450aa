# The job takes all cores, so that no other job of the workflow runs beside it. If the machine is busy
# with something else, the job fails.


rule latency:
    """Measure latency and memory of one cell's students, with all cores reserved for it."""
    input:
        models=for_each_exported_seed("<fold>/students/<student>/seed{seed}/model.onnx"),
        int8=for_each_exported_seed(
            "<fold>/students/<student>/seed{seed}/model.int8.onnx"
        ),
    output:
        for_each_exported_seed("<fold>/students/<student>/seed{seed}/latency.json"),
    log:
        "<fold_logs>/latency/<student>.log",
    conda:
        "../../envs/environment.yaml"
    threads: workflow.resource_settings.cores or 1
    resources:
        mem_mb=doubled_on_retry(1000),
        runtime=doubled_on_retry(10),
    params:
        code=lambda wildcards: digest("latency"),
        timing=config_section("latency"),
    script:
        "../scripts/latency.py"
