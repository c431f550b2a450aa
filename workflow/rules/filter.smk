# How heart rates change from one estimate to the next, told by the training subjects' reference.


rule filter:
    input:
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
    output:
        "<fold>/filter.json",
    log:
        "<fold_logs>/filter.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=lambda wildcards: digest("filter"),
        inputs=INPUTS,
        stride_s=lookup(dpath="windows/stride_s", within=config),
    script:
        "../scripts/filter.py"
