"""Download one raw file, or copy it from the mirror, and verify it."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.datasets.registry import MANIFEST
from ppgkd.retrieve.checksums import RECORDED
from ppgkd.retrieve.download import mirror_from, retrieve
from ppgkd.retrieve.terms import show_terms

with job(snakemake.log[0]):
    file = MANIFEST[snakemake.wildcards.source, snakemake.wildcards.path]
    show_terms(file)
    retrieve(
        file,
        Path(snakemake.output[0]),
        checksums=RECORDED,
        # not a parameter of the rule: the file is the same wherever it comes from
        mirror=mirror_from(snakemake.config["mirror"]),
    )
