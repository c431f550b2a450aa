# The students of a cell learn from cached views and stored targets; the job never loads a teacher.


rule student:
    """Train the students of one cell, one for each seed, and evaluate them."""
    input:
        windows=WINDOWS,
        splits="<fold>/splits.csv",
        view_caches=branch(
            lambda wildcards: SHAPES[wildcards.family].sees,
            cases={
                sees: expand(
                    "<fold>/bank/seed{seed}/{file}",
                    file=files,
                    seed=config["seeds"],
                    allow_missing=True,
                )
                for sees, files in VIEW_CACHE.items()
            },
        ),
        # for the fingerprint: the targets must be this teacher's
        teachers=branch(
            needs_teacher,
            then=for_each_seed("<fold>/teachers/{teacher}/seed{seed}/metrics.json"),
            otherwise=[],
        ),
        targets=branch(
            needs_teacher,
            then=expand(
                "<fold>/targets/{teacher}/seed{seed}/{file}",
                file=TARGETS,
                seed=config["seeds"],
                allow_missing=True,
            ),
            otherwise=[],
        ),
        settings=branch(
            study.tuning is not None,
            then="<fold>/tuning/{strategy}.json",
            otherwise=[],
        ),
    output:
        models=for_each_seed("<fold>/students/<student>/seed{seed}/model.safetensors"),
        metrics=for_each_seed("<fold>/students/<student>/seed{seed}/metrics.json"),
        histories=for_each_seed("<fold>/students/<student>/seed{seed}/history.parquet"),
        predictions=for_each_seed(
            "<fold>/students/<student>/seed{seed}/predictions.parquet"
        ),
    log:
        "<fold_logs>/student/<student>.log",
    benchmark:
        "<fold_benchmarks>/student/<student>.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/student/threads", within=config)
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(120),
        gpu=gpus("student"),
        cell=1,  # for limits of a profile, such as profiles/slurm
    params:
        code=lambda wildcards: digest(
            "student",
            STRATEGIES[wildcards.strategy].module,
            f"models.{wildcards.family}",
        ),
        inputs=INPUTS,
        # with tuning, they are in the file `settings`
        settings=lambda wildcards: (
            {} if study.tuning else strategy_settings(wildcards.strategy)
        ),
        training=lambda wildcards: training_of("student", wildcards.family),
        label_sd_bpm=lookup(dpath="label_sd_bpm", within=config),
        seeds=lookup(dpath="seeds", within=config),
    script:
        "../scripts/student.py"
