rule compare:
    """Compare the study with finished ones."""
    input:
        own=expand("<results>/{file}", file=COMPARED),
        others=expand("results/{other}/{file}", other=config["compare"], file=COMPARED),
    output:
        "<results>/compared.json",
    log:
        "<logs>/compare.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **SMALL_JOB,
    params:
        code=lambda wildcards: digest("compare"),
        others=config["compare"],
        results=subpath(output[0], parent=True),
    script:
        "../scripts/compare.py"
