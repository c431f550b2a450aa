"""Train a student with one trial's settings, and store its error on the validation subjects."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import write_json
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.loop import TrainingConfig
from ppgkd.training.students import StudentConfig, read_training_inputs, train_student

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(files.windows, files.splits, inputs)
    config = StudentConfig(
        strategy=snakemake.wildcards.strategy,
        settings=params.settings,
        shape=nearest_shape(params.family, params.capacity, inputs),
        inputs=inputs,
        training=TrainingConfig(**params.training),
        label_sd_bpm=params.label_sd_bpm,
        seed=params.seed,
    )
    teaching = (files.teacher[0], Path(files.targets[0]).parent) if files.teacher else ()
    view_cache = Path(files.view_cache[0]).parent
    training_inputs = read_training_inputs(
        windows.transfer, config.shape.sees, view_cache, *teaching
    )
    checkpoint = Path(snakemake.output[0]).with_suffix(".pt")
    _, history = train_student(config, training_inputs, windows.val, checkpoint)
    result = {
        "settings": config.own_settings,
        "val_mae_bpm": float(history["val_mae_bpm"].min()),
        "student": f"{params.family}-{params.capacity}",
        "teacher": params.teacher,
        "seed": params.seed,
    }
    write_json(snakemake.output[0], result)
