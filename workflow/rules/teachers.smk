# Who students learn from: networks trained here on the reference, several of them together, or a
# file of the user's own.


rule teacher:
    input:
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
    output:
        model="<fold>/teachers/{family}-{capacity}/seed{seed}/model.safetensors",
        metrics="<fold>/teachers/{family}-{capacity}/seed{seed}/metrics.json",
        history="<fold>/teachers/{family}-{capacity}/seed{seed}/history.parquet",
        predictions="<fold>/teachers/{family}-{capacity}/seed{seed}/predictions.parquet",
    log:
        "<fold_logs>/teacher/{family}-{capacity}/seed{seed}.log",
    cache: CACHING
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/teacher/threads", within=config)
    resources:
        mem_mb=growing(6000),
        runtime=growing(240),
        gpu=gpus("pretraining", "teacher"),
    params:
        code=lambda wildcards: digest("teacher", f"models.{wildcards.family}"),
        inputs=INPUTS,
        network=lambda wildcards: [wildcards.family, wildcards.capacity, wildcards.seed],
        # without subjects to pretrain on, nothing depends on that budget
        budgets={
            "pretraining": config["training"][
                "pretraining" if pretrains() else "teacher"
            ],
            "training": config["training"]["teacher"],
        },
        augmentation=setting("augmentation"),
        label_sd_bpm=lookup(dpath="label_sd_bpm", within=config),
    script:
        "../scripts/teacher.py"


rule evaluate_teacher:
    input:
        models=lambda wildcards: study.teacher_files(
            wildcards.untrained, wildcards.seed, "<fold>/teachers"
        ),
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
    output:
        metrics="<fold>/teachers/{untrained}/seed{seed}/metrics.json",
        predictions="<fold>/teachers/{untrained}/seed{seed}/predictions.parquet",
    log:
        "<fold_logs>/evaluate_teacher/{untrained}/seed{seed}.log",
    wildcard_constraints:
        untrained="|".join(t.name for t in study.teachers if t.ensemble or t.onnx)
        or "none",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=lambda wildcards: digest(
            "evaluate_teacher", *families(wildcards.untrained)
        ),
        inputs=INPUTS,
    script:
        "../scripts/evaluate_teacher.py"
