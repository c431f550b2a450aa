# Which student is recommended is known only after all cells are evaluated.


checkpoint recommend:
    """Choose the student to recommend."""
    input:
        "<results>/students.parquet",
    output:
        "<results>/recommended/choice.json",
    log:
        "<logs>/recommend.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("recommend"),
        gates=config_section("gates"),
    script:
        "../scripts/recommend.py"


rule quality:
    """Evaluate the recommended student on the test subjects, with and without the online filter."""
    input:
        choice="<results>/recommended/choice.json",
        models=recommended_files("model.safetensors"),
        windows=WINDOWS,
        splits=expand("{fold}/splits.csv", fold=FOLDS),
        filters=expand("{fold}/filter.json", fold=FOLDS),
    output:
        predictions="<results>/recommended/predictions.parquet",
        quality="<results>/recommended/quality.json",
    log:
        "<logs>/quality.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest(
            "quality",
            "study.study",
            *(f"models.{family}" for family in config["students"]),
        ),
        study=study,
        results=subpath(output.predictions, ancestor=2),
        spec=config_section("windows"),
        coverage=lookup(dpath="onnx/coverage", within=config),
    script:
        "../scripts/quality.py"


rule other_people:
    """Evaluate the recommended student, trained on each dataset, on other people of the same."""
    input:
        choice="<results>/recommended/choice.json",
        models=recommended_files("model.safetensors", other_people=True),
        windows=WINDOWS,
        splits=expand("{fold}/splits.csv", fold=PEOPLE_FOLDS),
        filters=expand("{fold}/filter.json", fold=PEOPLE_FOLDS),
    output:
        predictions="<results>/recommended/other_people.parquet",
        errors="<results>/recommended/other_people.json",
    log:
        "<logs>/other_people.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest(
            "other_people",
            "study.study",
            *(f"models.{family}" for family in config["students"]),
        ),
        study=study,
        results=subpath(output.predictions, ancestor=2),
        spec=config_section("windows"),
        coverage=lookup(dpath="onnx/coverage", within=config),
    script:
        "../scripts/other_people.py"


if config["folds"]:

    # The student that is shipped has learned from everybody; the folds say what it errs by.
    FINAL_STUDENT = f"<results>/{FINAL}/students/<student>/seed{{seed}}"

    use rule planned_onnx as final_onnx with:
        input:
            models=for_each_exported_seed(f"{FINAL_STUDENT}/model.safetensors"),
            metrics="<results>/recommended/choice.json",
            windows=WINDOWS,
            splits=f"<results>/{FINAL}/splits.csv",
            filter=f"<results>/{FINAL}/filter.json",
            raw=f"<results>/windows/{study.sensor.name}.raw.parquet",
        output:
            models=for_each_exported_seed(f"{FINAL_STUDENT}/model.onnx"),
            int8=for_each_exported_seed(f"{FINAL_STUDENT}/model.int8.onnx"),
            costs=for_each_exported_seed(f"{FINAL_STUDENT}/int8.json"),
        log:
            f"<results>/{FINAL}/logs/onnx/<student>.log",
        params:
            fold=FINAL,

    # in order, because Snakemake 9.27 applies no constraint to a wildcard in a path variable
    ruleorder: final_onnx > onnx > planned_onnx


rule ship:
    """Copy the recommended student's files, and convert the model to other sampling rates."""
    input:
        choice="<results>/recommended/choice.json",
        model=shipped_file("model.onnx"),
        int8=shipped_file("model.int8.onnx"),
        cost=shipped_file("int8.json"),
        latency=shipped_file("latency.json"),
    output:
        model="<results>/recommended/student.onnx",
        int8="<results>/recommended/student.int8.onnx",
        rates=expand(
            "<results>/recommended/student-{rate:g}hz.onnx",
            rate=config["onnx"]["rates_hz"],
        ),
        profile="<results>/recommended/profile.json",
    log:
        "<logs>/ship.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("ship"),
        rates_hz=lookup(dpath="onnx/rates_hz", within=config),
    script:
        "../scripts/ship.py"
