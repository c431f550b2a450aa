"""Make the cache of augmented views of one seed."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.models.capacity import InputShape
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import write_view_cache
from ppgkd.views.examples import examples

with job(snakemake.log[0]):
    params = snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, inputs)
    transfer = windows.transfer
    n_of_all = windows.n_transfer_of_all or len(transfer)
    write_view_cache(
        examples(transfer),
        inputs,
        Augmentation(**params.augmentation),
        Path(snakemake.output.signal).parent,
        views=round(params.views * n_of_all / len(transfer)),
        seed=int(snakemake.wildcards.seed),
        spectra=params.spectra,
    )
