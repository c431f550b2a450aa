# Every strategy gets the same number of trials. Only validation subjects are used.


rule trial:
    """Train one student with one trial's settings, and store its validation error."""
    input:
        windows=WINDOWS,
        splits="<fold>/splits.csv",
        view_cache=expand(
            "<fold>/bank/seed{seed}/{file}",
            seed=config["seeds"][0],
            file=VIEW_CACHE[SHAPES[study.tuning.student.family].sees],
            allow_missing=True,
        ),
        teacher=branch(
            needs_teacher,
            then=expand(
                "<fold>/teachers/{teacher}/seed{seed}/metrics.json",
                teacher=study.tuning.teacher,
                seed=config["seeds"][0],
                allow_missing=True,
            ),
            otherwise=[],
        ),
        targets=branch(
            needs_teacher,
            then=expand(
                "<fold>/targets/{teacher}/seed{seed}/{file}",
                teacher=study.tuning.teacher,
                seed=config["seeds"][0],
                file=TARGETS,
                allow_missing=True,
            ),
            otherwise=[],
        ),
    output:
        "<fold>/tuning/{strategy}/trial{trial}.json",
    log:
        "<fold_logs>/trial/{strategy}/trial{trial}.log",
    benchmark:
        "<fold_benchmarks>/trial/{strategy}/trial{trial}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/student/threads", within=config)
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(120),
        gpu=gpus("student"),
        cell=1,
    params:
        code=lambda wildcards: digest(
            "trial",
            STRATEGIES[wildcards.strategy].module,
            f"models.{study.tuning.student.family}",
        ),
        inputs=INPUTS,
        family=study.tuning.student.family,
        capacity=study.tuning.student.capacity,
        teacher=branch(
            needs_teacher,
            then=study.tuning.teacher,
            otherwise="none",
        ),
        settings=lambda wildcards: strategy_settings(
            wildcards.strategy, int(wildcards.trial)
        ),
        training=training_of("student", study.tuning.student.family),
        label_sd_bpm=lookup(dpath="label_sd_bpm", within=config),
        seed=config["seeds"][0],
    script:
        "../scripts/trial.py"


rule settings:
    """Choose a strategy's settings: those of the trial with the lowest validation error."""
    input:
        lambda wildcards: expand(
            "<fold>/tuning/{strategy}/trial{trial}.json",
            trial=range(len(study.tuning.trials[wildcards.strategy])),
            allow_missing=True,
        ),
    output:
        "<fold>/tuning/{strategy}.json",
    log:
        "<fold_logs>/settings/{strategy}.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("settings"),
    script:
        "../scripts/settings.py"
