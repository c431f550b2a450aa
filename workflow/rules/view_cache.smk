# The views that all students of a seed learn on, and that their teachers label.


rule view_cache:
    input:
        windows=expand(
            "<results>/windows/{dataset}.parquet", dataset=config["datasets"]
        ),
        splits="<fold>/splits.csv",
    output:
        signal="<fold>/bank/seed{seed}/signal.npy",
        spectra="<fold>/bank/seed{seed}/spectra.npy",
        hr_bpm="<fold>/bank/seed{seed}/hr_bpm.npy",
        about="<fold>/bank/seed{seed}/bank.json",
    log:
        "<fold_logs>/view_cache/seed{seed}.log",
    cache: CACHING
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=lambda wildcards: digest("view_cache"),
        inputs=INPUTS,
        augmentation=setting("augmentation"),
        views=lookup(dpath="views", within=config),
        seed=lambda wildcards: wildcards.seed,
    script:
        "../scripts/view_cache.py"
