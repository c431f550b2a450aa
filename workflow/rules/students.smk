# One cell of the sweep, one job, which trains its seeds together. It reads what the teachers said,
# and never a teacher.


rule student:
    input:
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
        banks=expand(
            "<fold>/bank/seed{seed}/{file}",
            file=BANK,
            seed=config["seeds"],
            allow_missing=True,
        ),
        teachers=branch(
            lambda wildcards: wildcards.teacher == "none",
            then=[],
            otherwise=expand(
                "<fold>/teachers/{teacher}/seed{seed}/metrics.json",
                seed=config["seeds"],
                allow_missing=True,
            ),
        ),
        targets=branch(
            lambda wildcards: wildcards.teacher == "none",
            then=[],
            otherwise=expand(
                "<fold>/targets/{teacher}/seed{seed}/{file}",
                file=TARGETS,
                seed=config["seeds"],
                allow_missing=True,
            ),
        ),
        settings=branch(
            study.tuning is not None,
            then="<fold>/tuning/{strategy}.json",
            otherwise=[],
        ),
    output:
        **{
            name: expand(
                f"<fold>/students/<student>/seed{{seed}}/{file}",
                seed=config["seeds"],
                allow_missing=True,
            )
            for name, file in {
                "models": "model.safetensors",
                "metrics": "metrics.json",
                "histories": "history.parquet",
                "predictions": "predictions.parquet",
            }.items()
        },
    log:
        "<fold_logs>/student/<student>.log",
    benchmark:
        "<fold_benchmarks>/student/<student>.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: lookup(dpath="training/student/threads", within=config)
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=gpus("student"),
        cell=1,
    params:
        code=lambda wildcards: digest(
            "student", f"distill.{wildcards.strategy}", f"models.{wildcards.family}"
        ),
        inputs=INPUTS,
        # tuning chooses the settings
        settings=lambda wildcards: (
            {} if study.tuning else settings_of(wildcards.strategy)
        ),
        budget=lookup(dpath="training/student", within=config),
        label_sd_bpm=lookup(dpath="label_sd_bpm", within=config),
        seeds=lookup(dpath="seeds", within=config),
    script:
        "../scripts/student.py"
