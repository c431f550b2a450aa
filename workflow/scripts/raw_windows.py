"""Keep a few raw windows of each recording."""

from ppgkd.runtime.job import job
from ppgkd.datasets.ppg_channels import select_ppg
from ppgkd.datasets.read import read_recordings
from ppgkd.windows.raw import take_raw_windows, write_raw_windows
from ppgkd.windows.read import read_windows

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    recordings = read_recordings(snakemake.wildcards.dataset, params.recordings, files.recordings)
    index = read_windows(files.windows).index
    recordings = select_ppg(recordings, params.ppg)
    write_raw_windows(take_raw_windows(recordings, index, params.length_s), snakemake.output[0])
