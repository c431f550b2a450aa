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
    benchmark:
        "<fold_benchmarks>/teacher/{family}-{capacity}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/teacher/threads", within=config)
    resources:
        mem_mb=6000,
        runtime=240,
    params:
        inputs=input_shape(config),
        pretraining=lookup(dpath="training/pretraining", within=config),
        training=lookup(dpath="training/teacher", within=config),
        augmentation=lookup(dpath="augmentation", within=config),
        label_sd_bpm=lookup(dpath="label_sd_bpm", within=config),
    script:
        "../scripts/teacher.py"


rule judge_teacher:
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
        "<fold_logs>/judge_teacher/{untrained}/seed{seed}.log",
    wildcard_constraints:
        untrained="|".join(t.name for t in study.teachers if t.ensemble or t.onnx)
        or "none",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        inputs=input_shape(config),
    script:
        "../scripts/judge_teacher.py"
