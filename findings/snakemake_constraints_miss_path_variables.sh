#!/usr/bin/env bash
# Snakemake 9.27.1: constraints do not hold for a wildcard that is written in a path variable.
#
# Expected: pathvars are documented as resolved when a rule is parsed, before wildcards; so
# wildcard_constraints, of the workflow and of a rule, hold for a wildcard in a path variable as for any other.
# Seen: the output "<place>/model" with place="{fold}" makes final/model although fold is constrained to fold\d+, in the
# workflow or in the rule. Written as "{fold}/model", the same request is refused: there is no such file to make.
# A wrong path runs a job where an error was meant, and two rules that constraints tell apart become ambiguous.
# Why: constraints are written into the output's pattern before the path variable is put in its place. Reported as
# snakemake/snakemake issue 4197 for 9.21.0; only rules' own constraints are spoken of there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check snakemake==9.27.1
cd "$folder"

# makes PATTERN WORKFLOW_CONSTRAINT RULE_CONSTRAINT: whether final/model can be made
makes() {
    cat >Snakefile <<SNAKEFILE
pathvars:
    place="{fold}",

$2

rule model:
    output:
        "$1/model",
    $3
    shell:
        "touch {output}"
SNAKEFILE
    if "$folder/venv/bin/snakemake" --dry-run --quiet all --cores 1 -- final/model >log 2>&1; then echo yes; else
        grep -q MissingRuleException log
        echo no
    fi
}

constraint='wildcard_constraints: fold=r"fold\d+"'
"$folder/venv/bin/snakemake" --version
plain_workflow=$(makes '{fold}' "$constraint" '')
plain_rule=$(makes '{fold}' '' "$constraint")
variable_workflow=$(makes '<place>' "$constraint" '')
variable_rule=$(makes '<place>' '' "$constraint")
echo "final/model is made, constrained by the workflow or by the rule: \"{fold}/model\" $plain_workflow, $plain_rule;" \
    "\"<place>/model\" $variable_workflow, $variable_rule"
test "$plain_workflow $plain_rule $variable_workflow $variable_rule" = "no no yes yes"
