rule filter:
    """Fit the online filter's transition model to the training subjects' reference."""
    input:
        windows=WINDOWS,
        splits="<fold>/splits.csv",
    output:
        "<fold>/filter.json",
    log:
        "<fold_logs>/filter.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=lambda wildcards: digest("filter"),
        inputs=INPUTS,
        stride_s=lookup(dpath="windows/stride_s", within=config),
        evidence=lookup(dpath="filter_evidence", within=config),
        motion_discount=lookup(dpath="filter_motion_discount", within=config),
    script:
        "../scripts/filter.py"
