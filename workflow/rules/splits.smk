rule splits:
    """Assign every subject one role, in all, in one fold, or in a subset of its people."""
    input:
        WINDOWS,
    output:
        "<fold>/splits.csv",
    log:
        "<fold_logs>/splits.log",
    priority: 1  # that too few people are there is known before anything is trained
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("splits"),
        datasets=lookup(dpath="datasets", within=config),
        split={"seed": config["split_seed"], "folds": config["folds"]},
        fold=lambda wildcards: fold_of(wildcards),
        other_people=lambda wildcards: other_people_fold(wildcards),
        subset=lambda wildcards: subset_of(wildcards),
        people=lambda wildcards: taking_of_people(wildcards),
    script:
        "../scripts/splits.py"
