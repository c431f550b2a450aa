# One job exports all students of the sweep that one teacher taught by one strategy: an export takes a
# third of a second, starting a job takes longer.


rule onnx:
    """Export students as ONNX, from raw samples to BPM, in float and with eight bits; check both."""
    input:
        models=for_each_exported_student(
            "<fold>/students/{strategy}/{teacher}/{student}/seed{seed}/model.safetensors"
        ),
        metrics=for_each_exported_student(
            "<fold>/students/{strategy}/{teacher}/{student}/seed{seed}/metrics.json"
        ),
        windows=WINDOWS,
        splits="<fold>/splits.csv",
        filter="<fold>/filter.json",
        raw=f"<results>/windows/{study.sensor.name}.raw.parquet",
    output:
        models=for_each_exported_student(
            "<fold>/students/{strategy}/{teacher}/{student}/seed{seed}/model.onnx"
        ),
        int8=for_each_exported_student(
            "<fold>/students/{strategy}/{teacher}/{student}/seed{seed}/model.int8.onnx"
        ),
        costs=for_each_exported_student(
            "<fold>/students/{strategy}/{teacher}/{student}/seed{seed}/int8.json"
        ),
    log:
        "<fold_logs>/onnx/{strategy}/{teacher}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(10),
    params:
        fold=lambda wildcards: fold_of(wildcards),
        code=lambda wildcards: digest(
            "onnx",
            *[f"models.{student.family}" for student in study.students],
            *[f"export.families.{student.family}" for student in study.students],
        ),
        inputs=INPUTS,
        study=study,
        students=[[student.family, student.capacity] for student in study.students],
        seeds=study.profiled_seeds,
        # what the model card takes from the study; Snakemake cannot compare `study` itself
        card=lambda wildcards: {
            "study": config["study"],
            "windows": config_section("windows"),
            "terms": {dataset.name: dataset.terms for dataset in study.datasets},
            "teacher": repr(
                [t for t in study.teachers if t.name == wildcards.teacher]
            ),
            "published": repr(PUBLISHED.get(wildcards.teacher)),
        },
        onnx={
            key: config["onnx"][key]
            for key in ("tolerance_bpm", "coverage", "max_int8_loss_bpm")
        },
    script:
        "../scripts/onnx.py"
