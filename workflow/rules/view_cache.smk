rule view_cache:
    """Make the augmented views that all students of a seed train on."""
    input:
        windows=WINDOWS,
        splits="<fold>/splits.csv",
    output:
        signal="<fold>/bank/seed{seed}/signal.npy",
        spectra="<fold>/bank/seed{seed}/spectra.npy" if HAS_SPECTRA else [],
        hr_bpm="<fold>/bank/seed{seed}/hr_bpm.npy",
        pulse_row="<fold>/bank/seed{seed}/pulse_row.npy",
        rate_factor="<fold>/bank/seed{seed}/rate_factor.npy",
        about="<fold>/bank/seed{seed}/bank.json",
    log:
        "<fold_logs>/view_cache/seed{seed}.log",
    cache: CACHING
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=doubled_on_retry(4000),
        runtime=doubled_on_retry(60),
    params:
        code=lambda wildcards: digest("view_cache"),
        inputs=INPUTS,
        augmentation=config_section("augmentation"),
        views=lookup(dpath="views", within=config),
        seed=lambda wildcards: wildcards.seed,
        spectra=HAS_SPECTRA,
    script:
        "../scripts/view_cache.py"
