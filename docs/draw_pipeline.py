"""Draw the pipeline into README.md, as Snakemake sees it: `make pipeline`.

Snakemake prints one arrow for every pair of rules of which one reads the other's files. An arrow
that follows from others is left out here (the graph's transitive reduction), and the rules that one
rule reads from stand on one line.
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

CHECKOUT = Path(__file__).parents[1]
README = CHECKOUT / "README.md"
BLOCK = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)


def draw_pipeline() -> str:
    """Graph of the default study's rules before anything is made, as a Mermaid block."""
    names, needs = _rule_graph()
    lines = [f"    {' & '.join(sorted(needs[rule]))} --> {rule}" for rule in names if needs[rule]]
    return "\n".join(["```mermaid", "flowchart TB", *lines, "```", ""])


def _rule_graph() -> tuple[list[str], dict[str, set[str]]]:
    """Rules in the order of the work, and for each the rules that it needs directly."""
    with TemporaryDirectory() as empty:
        command = [sys.executable, "-m", "snakemake", "--snakefile", CHECKOUT / "Snakefile"]
        command += ["--directory", empty, "--rulegraph", "mermaid-js"]
        graph = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]$", graph, re.MULTILINE))
    reads: dict[str, set[str]] = {name: set() for name in names.values()}
    for source, target in re.findall(r"^\s*(id\d+) --> (id\d+)$", graph, re.MULTILINE):
        reads[names[target]].add(names[source])

    def ancestors(rule: str) -> set[str]:
        return reads[rule].union(*(ancestors(source) for source in reads[rule]))

    needs = {
        rule: sources - set().union(*(ancestors(source) for source in sources))
        for rule, sources in reads.items()
    }
    return sorted(reads, key=lambda rule: (len(ancestors(rule)), rule)), needs


if __name__ == "__main__":
    README.write_text(BLOCK.sub(lambda _: draw_pipeline(), README.read_text("utf-8")), "utf-8")
