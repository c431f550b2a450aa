# What each teacher says about the bank of views; students read this instead of running it.


rule targets:
    input:
        model="<results>/teachers/<teacher>/model.safetensors",
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<results>/splits.csv",
    output:
        logits="<results>/targets/<teacher>/logits.npy",
        features="<results>/targets/<teacher>/features.npy",
        bank="<results>/targets/<teacher>/bank.json",
    log:
        "<logs>/targets/<teacher>.log",
    benchmark:
        "<benchmarks>/targets/<teacher>.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/teacher/threads", within=config)
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        views=lookup(dpath="views", within=config),
    script:
        "../scripts/targets.py"
