# The study beside others that are finished.


rule compare:
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
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=lambda wildcards: digest("compare"),
        others=config["compare"],
        results=subpath(output[0], parent=True),
    script:
        "../scripts/compare.py"
