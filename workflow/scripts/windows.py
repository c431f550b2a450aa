"""Cut a dataset's recordings into preprocessed windows."""

from ppgkd.runtime.job import job
from ppgkd.datasets.ppg_channels import select_ppg
from ppgkd.datasets.read import read_recordings
from ppgkd.runtime.artifacts import write_csv
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.write import write_windows

with job(snakemake.log[0]):
    dataset = snakemake.wildcards.dataset
    counts = write_windows(
        select_ppg(
            read_recordings(dataset, snakemake.params.recordings, snakemake.input),
            snakemake.params.ppg,
        ),
        dataset,
        WindowSpec(**snakemake.params.spec),
        snakemake.output.windows,
        snakemake.params.reference_lags_s,
    )
    write_csv(snakemake.output.counts, counts)
