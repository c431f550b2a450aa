"""Train one teacher."""

import shutil
from pathlib import Path

from ppgkd.augment import Augmentation
from ppgkd.job import job
from ppgkd.models.capacity import nearest_shape
from ppgkd.splits import read_study_windows
from ppgkd.teachers import train_teacher
from ppgkd.trained import judge
from ppgkd.training import Budget

with job(snakemake.log[0]):
    wildcards, params = snakemake.wildcards, snakemake.params
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, params.inputs)
    shape = nearest_shape(wildcards.family, int(wildcards.capacity), params.inputs)
    folder, seed = Path(snakemake.output.model).parent, int(wildcards.seed)
    model, history = train_teacher(
        shape,
        params.inputs,
        windows,
        pretraining=Budget(**params.pretraining),
        training=Budget(**params.training),
        augmentation=Augmentation(**params.augmentation),
        label_sd_bpm=params.label_sd_bpm,
        seed=seed,
        checkpoints=folder / "checkpoints",
    )
    judge(model, shape, params.inputs, history, windows.test, seed=seed).save(folder)
    shutil.rmtree(folder / "checkpoints")
