# A student is shown on people whom it has not learned from: the one of the first fold, or with datasets
# left out, that of each fold.
DEMO_FOLDS = study.folds if config["folds"] == "datasets" else study.folds[:1]


rule demo:
    """Write the demonstration: a page in which the recommended student runs in the browser."""
    input:
        models=[rules.ship.output.model, *rules.ship.output.rates],
        tested=lambda wildcards: tested_files("model.onnx", DEMO_FOLDS),
        predictions="<results>/recommended/predictions.parquet",
        recordings=branch(
            config["demo"]["recordings"],
            then=[
                file for dataset in study.tested for file in study.input_files(dataset)
            ],
            otherwise=[],
        ),
    output:
        "<results>/demo/index.html",
    log:
        "<logs>/demo.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(2000),
        runtime=doubled_on_retry(30),
    params:
        code=lambda wildcards: digest(
            "demo",
            *sorted(
                {f"datasets.{study.dataset(name).reader}" for name in study.tested}
            ),
        ),
        study=study,
        # what is shown of the study; Snakemake cannot compare `study` itself
        name=config["study"],
        recordings=config["demo"]["recordings"],
        folds=[fold for fold in DEMO_FOLDS if fold is not None],
        seed=study.profiled_seeds[0],
        datasets=[repr(study.dataset(name)) for name in study.tested],
        taken=[
            {
                key: config["datasets"][name].get(key)
                for key in ("ppg", "reference_lag_s")
            }
            for name in study.tested
        ],
    script:
        "../scripts/demo.py"
