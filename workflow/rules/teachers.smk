rule teacher:
    """Train one teacher on the reference heart rates, and evaluate it."""
    input:
        windows=WINDOWS,
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
        mem_mb=doubled_on_retry(6000),
        runtime=doubled_on_retry(240),
        gpu=gpus("pretraining", "teacher"),
    params:
        code=lambda wildcards: digest("teacher", f"models.{wildcards.family}"),
        inputs=INPUTS,
        network=lambda wildcards: [wildcards.family, wildcards.capacity, wildcards.seed],
        # without subjects for pretraining, its configuration must not cause a rerun
        training=lambda wildcards: {
            "pretraining": training_of(
                "pretraining" if has_pretraining() else "teacher", wildcards.family
            ),
            "training": training_of("teacher", wildcards.family),
        },
        augmentation=config_section("augmentation"),
        label_sd_bpm=lookup(dpath="label_sd_bpm", within=config),
    script:
        "../scripts/teacher.py"


rule evaluate_teacher:
    """Evaluate a teacher that is not trained here: an ensemble, or an ONNX file of the user's."""
    input:
        models=lambda wildcards: study.teacher_files(
            wildcards.untrained, wildcards.seed, "<fold>/teachers"
        ),
        windows=WINDOWS,
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
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(60),
    params:
        code=lambda wildcards: digest(
            "evaluate_teacher", *teacher_modules(wildcards.untrained)
        ),
        inputs=INPUTS,
    script:
        "../scripts/evaluate_teacher.py"
