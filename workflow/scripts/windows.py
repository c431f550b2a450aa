"""Cut a dataset's recordings into preprocessed windows."""

from ppgkd.runtime.job import job
from ppgkd.datasets.fingerprint import recording_fingerprints
from ppgkd.datasets.ppg_channels import name_without_channel, select_ppg
from ppgkd.datasets.read import read_recordings
from ppgkd.runtime.artifacts import write_csv
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.write import write_windows

with job(snakemake.log[0]):
    dataset, names = snakemake.wildcards.dataset, snakemake.params.recordings
    counts = write_windows(
        select_ppg(
            read_recordings(dataset, names, snakemake.input),
            snakemake.params.ppg,
        ),
        dataset,
        WindowSpec(**snakemake.params.spec),
        snakemake.output.windows,
        snakemake.params.reference_lags_s,
    )
    sha256 = recording_fingerprints(dataset, names, snakemake.input)
    of_recording = counts["recording"].map(name_without_channel).map(sha256)
    write_csv(snakemake.output.counts, counts.assign(sha256=of_recording))
