"""Train the student of one cell, and judge it."""

from pathlib import Path

from ppgkd.artifacts import read_json
from ppgkd.job import job
from ppgkd.models.capacity import nearest_shape
from ppgkd.splits import read_study_windows
from ppgkd.students import Recipe, read_lessons, train_student
from ppgkd.trained import judge
from ppgkd.training import Budget

with job(snakemake.log[0]):
    files, wildcards, params = snakemake.input, snakemake.wildcards, snakemake.params
    windows = read_study_windows(files.windows, files.splits, params.inputs)
    recipe = Recipe(
        wildcards.strategy,
        read_json(files.settings)["settings"] if files.settings else params.settings,
        nearest_shape(wildcards.family, int(wildcards.capacity), params.inputs),
        params.inputs,
        Budget(**params.budget),
        params.label_sd_bpm,
        int(wildcards.seed),
    )
    lessons = read_lessons(windows.transfer, files.bank, files.teaching)
    folder = Path(snakemake.output.model).parent
    checkpoint = folder / "checkpoint.pt"
    model, history = train_student(recipe, lessons, windows.val, checkpoint)
    about = {"seed": recipe.seed, "settings": recipe.own_settings}
    judge(model, recipe.shape, recipe.inputs, history, windows.test, **about).save(folder)
    checkpoint.unlink()
