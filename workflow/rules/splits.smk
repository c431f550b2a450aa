# Every subject gets one role.


rule splits:
    input:
        expand("<results>/windows/{dataset}.parquet", dataset=config["datasets"]),
    output:
        "<fold>/splits.csv",
    log:
        "<fold_logs>/splits.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        datasets=lookup(dpath="datasets", within=config),
        seed=lookup(dpath="split_seed", within=config),
        folds=lookup(dpath="folds", within=config),
    script:
        "../scripts/splits.py"
