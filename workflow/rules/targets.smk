rule targets:
    """Store a teacher's logits and features on the cached views: the distillation targets."""
    input:
        models=lambda wildcards: study.teacher_files(
            wildcards.teacher, wildcards.seed, "<fold>/teachers"
        ),
        view_cache=expand(
            "<fold>/bank/seed{seed}/{file}",
            file=VIEW_CACHE["signal"],
            allow_missing=True,
        ),
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
        mem_mb=doubled_on_retry(6000),
        runtime=doubled_on_retry(60),
    params:
        code=lambda wildcards: digest("targets", *teacher_modules(wildcards.teacher)),
        inputs=INPUTS,
        teacher=lambda wildcards: [wildcards.teacher, wildcards.seed],
    script:
        "../scripts/targets.py"
