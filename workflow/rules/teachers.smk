# Large networks that learn from the reference.


rule teacher:
    input:
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<results>/splits.csv",
    output:
        model="<results>/teachers/<teacher>/model.safetensors",
        metrics="<results>/teachers/<teacher>/metrics.json",
        history="<results>/teachers/<teacher>/history.parquet",
        predictions="<results>/teachers/<teacher>/predictions.parquet",
    log:
        "<logs>/teacher/<teacher>.log",
    benchmark:
        "<benchmarks>/teacher/<teacher>.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/teacher/threads", within=config)
    resources:
        mem_mb=6000,
        runtime=240,
    params:
        inputs=input_shape(config),
        budget=lookup(dpath="training/teacher", within=config),
        label_sd_bpm=lookup(dpath="label_sd_bpm", within=config),
    script:
        "../scripts/teacher.py"
