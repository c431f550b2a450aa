"""Train one teacher and evaluate it."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.loop import TrainingConfig
from ppgkd.training.teachers import train_teacher
from ppgkd.training.trained import evaluate
from ppgkd.views.augment import Augmentation

with job(snakemake.log[0]):
    wildcards, params = snakemake.wildcards, snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, inputs)
    shape = nearest_shape(wildcards.family, int(wildcards.capacity), inputs)
    training = TrainingConfig(**params.training["training"])
    folder, seed = Path(snakemake.output.model).parent, int(wildcards.seed)
    model, history = train_teacher(
        shape,
        inputs,
        windows,
        pretraining=TrainingConfig(**params.training["pretraining"]),
        training=training.for_fewer_windows(len(windows.train), windows.n_train_of_all),
        augmentation=Augmentation(**params.augmentation),
        label_sd_bpm=params.label_sd_bpm,
        seed=seed,
        checkpoints=folder,
    )
    evaluate(model, shape, inputs, history, windows.test, seed=seed).save(folder)
