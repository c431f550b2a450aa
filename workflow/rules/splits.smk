# Every subject gets one role.


rule splits:
    input:
        expand("<results>/windows/{dataset}.parquet", dataset=config["datasets"]),
    output:
        "<fold>/splits.csv",
    log:
        "<fold_logs>/splits.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=lambda wildcards: digest("splits"),
        datasets=lookup(dpath="datasets", within=config),
        dealt={"seed": config["split_seed"], "folds": config["folds"]},
        fold=lambda wildcards: wildcards.get("fold"),
    script:
        "../scripts/splits.py"
