# Teachers that are not run here: what they say of the recordings is a file of each dataset.

RECORDED = "|".join(t.name for t in study.teachers if t.estimates) or "none"


rule smooth:
    """Smooth what a teacher of the study says of each recording, in both directions of time."""
    input:
        models=lambda wildcards: study.teacher_files(
            wildcards.smoothed, wildcards.seed, "<fold>/teachers"
        ),
        counts=COUNTS,
        windows=WINDOWS,
        splits="<fold>/splits.csv",
        filter="<fold>/filter.json",
    output:
        expand(
            "<fold>/teachers/{smoothed}-smoothed/seed{seed}/{of}.parquet",
            of=config["datasets"],
            allow_missing=True,
        ),
    log:
        "<fold_logs>/smooth/{smoothed}/seed{seed}.log",
    wildcard_constraints:
        smoothed="|".join(t.smoothed for t in study.teachers if t.smoothed) or "none",
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/teacher/threads", within=config)
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(60),
    params:
        code=lambda wildcards: digest("smooth", *teacher_modules(wildcards.smoothed)),
        inputs=INPUTS,
        datasets=[*config["datasets"]],
        source=lambda wildcards: wildcards.smoothed,
    script:
        "../scripts/smooth.py"


rule joint:
    """Put together what several teachers say of each recording, for those that teach together."""
    input:
        # of each member, the files of its datasets
        estimates=lambda wildcards: [
            file
            for member in study.teacher(f"joint-{wildcards.joint}").joint
            for file in study.teacher_files(member, wildcards.seed, "<fold>/teachers")
        ],
    output:
        "<fold>/teachers/joint-{joint}/seed{seed}/{dataset}.parquet",
    log:
        "<fold_logs>/joint/{joint}/seed{seed}/{dataset}.log",
    wildcard_constraints:
        joint="|".join(
            t.name.removeprefix("joint-") for t in study.teachers if t.joint
        )
        or "none",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=digest("joint"),
        datasets=lambda wildcards: [
            dataset
            for member in study.teacher(f"joint-{wildcards.joint}").joint
            for dataset in recorded_datasets(member)
        ],
    script:
        "../scripts/joint.py"


rule evaluate_recorded:
    """Evaluate a recorded teacher on the windows that it says something of."""
    input:
        estimates=lambda wildcards: study.teacher_files(
            wildcards.recorded, wildcards.seed, "<fold>/teachers"
        ),
        counts=COUNTS,
        windows=WINDOWS,
        splits="<fold>/splits.csv",
    output:
        metrics="<fold>/teachers/{recorded}/seed{seed}/metrics.json",
        predictions="<fold>/teachers/{recorded}/seed{seed}/predictions.parquet",
    log:
        "<fold_logs>/evaluate_recorded/{recorded}/seed{seed}.log",
    wildcard_constraints:
        recorded=RECORDED,
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(60),
    params:
        code=lambda wildcards: digest("evaluate_recorded"),
        inputs=INPUTS,
        datasets=lambda wildcards: recorded_datasets(wildcards.recorded),
        max_sd_bpm=lambda wildcards: study.teacher(
            wildcards.recorded
        ).estimates.max_sd_bpm,
    script:
        "../scripts/evaluate_recorded.py"


rule recorded_targets:
    """Move what a recorded teacher says of each window to the cached views of it."""
    input:
        estimates=lambda wildcards: study.teacher_files(
            wildcards.recorded, wildcards.seed, "<fold>/teachers"
        ),
        counts=COUNTS,
        windows=WINDOWS,
        splits="<fold>/splits.csv",
        view_cache=expand(
            "<fold>/bank/seed{seed}/{file}",
            file=VIEW_CACHE["signal"],
            allow_missing=True,
        ),
    output:
        logits="<fold>/targets/{recorded}/seed{seed}/logits.npy",
        features="<fold>/targets/{recorded}/seed{seed}/features.npy",
        about="<fold>/targets/{recorded}/seed{seed}/targets.json",
    log:
        "<fold_logs>/recorded_targets/{recorded}/seed{seed}.log",
    wildcard_constraints:
        recorded=RECORDED,
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(60),
    params:
        code=lambda wildcards: digest("recorded_targets"),
        inputs=INPUTS,
        datasets=lambda wildcards: recorded_datasets(wildcards.recorded),
        max_sd_bpm=lambda wildcards: study.teacher(
            wildcards.recorded
        ).estimates.max_sd_bpm,
    script:
        "../scripts/recorded_targets.py"


# The other rule would run a network.
ruleorder: recorded_targets > targets
