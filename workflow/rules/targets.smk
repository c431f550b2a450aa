# What each teacher says about the bank of views; students read this instead of running it.


rule targets:
    input:
        models=lambda wildcards: study.teacher_files(
            wildcards.teacher, wildcards.seed, "<fold>/teachers"
        ),
        bank=expand("<fold>/bank/seed{seed}/{file}", file=BANK, allow_missing=True),
    output:
        logits="<fold>/targets/<teacher>/logits.npy",
        features="<fold>/targets/<teacher>/features.npy",
        about="<fold>/targets/<teacher>/targets.json",
    log:
        "<fold_logs>/targets/<teacher>.log",
    cache: CACHING
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/teacher/threads", within=config)
    resources:
        mem_mb=growing(6000),
        runtime=growing(60),
    params:
        code=lambda wildcards: digest("targets", *families(wildcards.teacher)),
        inputs=INPUTS,
        teacher=lambda wildcards: [wildcards.teacher, wildcards.seed],
    script:
        "../scripts/targets.py"
