"""Train one teacher."""

from pathlib import Path

from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.job import job
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.loop import Budget
from ppgkd.training.teachers import train_teacher
from ppgkd.training.trained import judge
from ppgkd.views.augment import Augmentation

with job(snakemake.log[0]):
    wildcards, params = snakemake.wildcards, snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, inputs)
    shape = nearest_shape(wildcards.family, int(wildcards.capacity), inputs)
    folder, seed = Path(snakemake.output.model).parent, int(wildcards.seed)
    model, history = train_teacher(
        shape,
        inputs,
        windows,
        pretraining=Budget(**params.budgets["pretraining"]),
        training=Budget(**params.budgets["training"]),
        augmentation=Augmentation(**params.augmentation),
        label_sd_bpm=params.label_sd_bpm,
        seed=seed,
        checkpoints=folder,
    )
    judge(model, shape, inputs, history, windows.test, seed=seed).save(folder)
