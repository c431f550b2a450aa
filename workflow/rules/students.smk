# One cell of the sweep, one job.


rule student:
    input:
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<results>/splits.csv",
        targets=branch(
            lambda wildcards: wildcards.teacher == "none",
            then=[],
            otherwise=multiext(
                "<results>/targets/{teacher}/seed{seed}/",
                "bank.json",
                "logits.npy",
                "features.npy",
            ),
        ),
    output:
        model="<results>/students/<student>/model.safetensors",
        metrics="<results>/students/<student>/metrics.json",
        history="<results>/students/<student>/history.parquet",
        predictions="<results>/students/<student>/predictions.parquet",
    log:
        "<logs>/student/<student>.log",
    benchmark:
        "<benchmarks>/student/<student>.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/student/threads", within=config)
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        inputs=input_shape(config),
        settings=lookup(dpath="strategies/{strategy}", within=config),
        budget=lookup(dpath="training/student", within=config),
        label_sd_bpm=lookup(dpath="label_sd_bpm", within=config),
        views=lookup(dpath="views", within=config),
    script:
        "../scripts/student.py"
