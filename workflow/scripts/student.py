"""Train the students of one cell, one for each seed, and evaluate them."""

from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import read_json
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.loop import TrainingConfig
from ppgkd.training.students import (
    StudentConfig,
    for_fewer_windows,
    read_training_inputs,
    train_students,
)
from ppgkd.training.trained import evaluate

with job(snakemake.log[0]):
    files, wildcards, params = snakemake.input, snakemake.wildcards, snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(files.windows, files.splits, inputs)
    first = StudentConfig(
        strategy=wildcards.strategy,
        settings=read_json(files.settings)["settings"] if files.settings else params.settings,
        shape=nearest_shape(wildcards.family, int(wildcards.capacity), inputs),
        inputs=inputs,
        training=TrainingConfig(**params.training),
        label_sd_bpm=params.label_sd_bpm,
        seed=params.seeds[0],
    )
    transfer = windows.transfer
    first = for_fewer_windows(first, len(transfer), windows.n_transfer_of_all)
    configs = [replace(first, seed=seed) for seed in params.seeds]
    view_caches = [Path(file).parent for file in files.view_caches if file.endswith("bank.json")]
    targets = [Path(file).parent for file in files.targets if file.endswith("targets.json")]
    # without a teacher, its metrics and targets are empty
    training_inputs = [
        read_training_inputs(transfer, first.shape.sees, *of_seed)
        for of_seed in zip_longest(view_caches, files.teachers, targets, fillvalue="")
    ]
    folders = [Path(file).parent for file in snakemake.output.models]
    checkpoint = folders[0].parent / "checkpoint.pt"
    trained = train_students(configs, training_inputs, windows.val, checkpoint)
    for config, folder, (model, history) in zip(configs, folders, trained, strict=True):
        about = {"seed": config.seed, "settings": config.own_settings}
        evaluate(model, config.shape, config.inputs, history, windows.test, **about).save(folder)
