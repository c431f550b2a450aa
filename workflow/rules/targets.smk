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
    benchmark:
        "<fold_benchmarks>/targets/<teacher>.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/teacher/threads", within=config)
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        inputs=input_shape(config),
    script:
        "../scripts/targets.py"
