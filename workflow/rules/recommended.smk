# The student to ship: which it is, how good it is on the wrist, and its files.


checkpoint recommend:
    input:
        "<results>/students.parquet",
    output:
        "<results>/recommended/choice.json",
    log:
        "<logs>/recommend.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=lambda wildcards: digest("recommend"),
        gates=setting("gates"),
    script:
        "../scripts/recommend.py"


rule quality:
    input:
        choice="<results>/recommended/choice.json",
        models=recommended("model.safetensors"),
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits=[f"<results>/{fold_folder(fold)}splits.csv" for fold in study.folds],
        filters=[f"<results>/{fold_folder(fold)}filter.json" for fold in study.folds],
    output:
        predictions="<results>/recommended/predictions.parquet",
        quality="<results>/recommended/quality.json",
    log:
        "<logs>/quality.log",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=lambda wildcards: digest(
            "quality",
            "study.config",
            *(f"models.{family}" for family in config["students"]),
        ),
        study=study,
        results=subpath(output.predictions, ancestor=2),
        coverage=lookup(dpath="onnx/coverage", within=config),
    script:
        "../scripts/quality.py"


rule ship:
    input:
        choice="<results>/recommended/choice.json",
        model=recommended("model.onnx", first=True),
        int8=recommended("model.int8.onnx", first=True),
        cost=recommended("int8.json", first=True),
        latency=recommended("latency.json", first=True),
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
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=lambda wildcards: digest("ship"),
        rates_hz=lookup(dpath="onnx/rates_hz", within=config),
    script:
        "../scripts/ship.py"
