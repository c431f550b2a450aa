# One cell of the sweep, one job. It reads what the teacher said, and never the teacher.


rule student:
    input:
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
        bank=multiext(
            "<fold>/bank/seed{seed}/", "bank.json", "signal.npy", "hr_bpm.npy"
        ),
        teaching=branch(
            lambda wildcards: wildcards.teacher == "none",
            then=[],
            otherwise=[
                "<fold>/teachers/{teacher}/seed{seed}/metrics.json",
                *multiext(
                    "<fold>/targets/{teacher}/seed{seed}/",
                    "targets.json",
                    "logits.npy",
                    "features.npy",
                ),
            ],
        ),
        settings=branch(
            study.tuning is not None,
            then="<fold>/tuning/{strategy}.json",
            otherwise=[],
        ),
    output:
        model="<fold>/students/<student>/model.safetensors",
        metrics="<fold>/students/<student>/metrics.json",
        history="<fold>/students/<student>/history.parquet",
        predictions="<fold>/students/<student>/predictions.parquet",
    log:
        "<fold_logs>/student/<student>.log",
    benchmark:
        "<fold_benchmarks>/student/<student>.tsv"
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
    script:
        "../scripts/student.py"
