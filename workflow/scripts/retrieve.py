"""Download one raw file, or copy it from the mirror, and verify it."""

from pathlib import Path

from ppgkd.datasets.registry import MANIFEST
from ppgkd.job import job
from ppgkd.retrieve import mirror_from, retrieve

with job(snakemake.log[0]):
    retrieve(
        MANIFEST[snakemake.wildcards.source, snakemake.wildcards.path],
        Path(snakemake.output[0]),
        # no parameter of the rule: the checksum decides what the file is, not where it came from
        mirror=mirror_from(snakemake.config["mirror"]),
    )
