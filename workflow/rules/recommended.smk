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


rule ship:
    """Copy the recommended student's files, and convert the model to other sampling rates."""
    input:
        choice="<results>/recommended/choice.json",
        model=recommended_files("model.onnx", first=True),
        int8=recommended_files("model.int8.onnx", first=True),
        cost=recommended_files("int8.json", first=True),
        latency=recommended_files("latency.json", first=True),
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
