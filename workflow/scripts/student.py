"""Train the students of one cell, one for each seed, and evaluate them."""

from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import read_json
from ppgkd.runtime.job import job
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.loop import Budget
from ppgkd.training.students import Recipe, read_lessons, train_students
from ppgkd.training.trained import judge

with job(snakemake.log[0]):
    files, wildcards, params = snakemake.input, snakemake.wildcards, snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(files.windows, files.splits, inputs)
    first = Recipe(
        wildcards.strategy,
        read_json(files.settings)["settings"] if files.settings else params.settings,
        nearest_shape(wildcards.family, int(wildcards.capacity), inputs),
        inputs,
        Budget(**params.budget),
        params.label_sd_bpm,
        params.seeds[0],
    )
    recipes = [replace(first, seed=seed) for seed in params.seeds]
    banks = [Path(file).parent for file in files.view_caches if file.endswith("bank.json")]
    targets = [Path(file).parent for file in files.targets if file.endswith("targets.json")]
    lessons = [
        read_lessons(windows.transfer, *found)
        for found in zip_longest(banks, files.teachers, targets, fillvalue="")
    ]
    folders = [Path(file).parent for file in snakemake.output.models]
    checkpoint = folders[0].parent / "checkpoint.pt"
    trained = train_students(recipes, lessons, windows.val, checkpoint)
    for recipe, folder, (model, history) in zip(recipes, folders, trained, strict=True):
        about = {"seed": recipe.seed, "settings": recipe.own_settings}
        judge(model, recipe.shape, recipe.inputs, history, windows.test, **about).save(folder)
