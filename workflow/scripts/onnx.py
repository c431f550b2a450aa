"""Export one student and check it against PyTorch on raw windows."""

from ppgkd.artifacts import read_json
from ppgkd.export.describe import describe
from ppgkd.export.student import export_student
from ppgkd.job import job
from ppgkd.models.build import load_model
from ppgkd.raw_windows import read_raw_windows
from ppgkd.splits import read_study_windows
from ppgkd.tracked import track, widest_spreads
from ppgkd.tracking import Transition

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    network, _, inputs = load_model(files.model)
    windows = read_study_windows(files.windows, files.splits, inputs)
    transition = Transition(**read_json(files.filter))
    spreads = widest_spreads(track(network, windows.val, transition), params.coverage)
    raw = read_raw_windows(files.raw)
    card = describe(
        params.study,
        dict(snakemake.wildcards),
        windows,
        read_json(files.metrics),
        raw.rate_hz,
        transition,
        spreads,
    )
    export_student(
        network,
        inputs,
        card,
        raw.of_channels(card.channels),
        snakemake.output[0],
        tolerance_bpm=params.tolerance_bpm,
    )
