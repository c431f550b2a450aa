"""Train a student with one trial's settings, and store its error on the validation subjects."""

from pathlib import Path

from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import write_json
from ppgkd.runtime.job import job
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.loop import Budget
from ppgkd.training.students import Recipe, read_lessons, train_student

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(files.windows, files.splits, inputs)
    recipe = Recipe(
        snakemake.wildcards.strategy,
        params.settings,
        nearest_shape(params.family, params.capacity, inputs),
        inputs,
        Budget(**params.budget),
        params.label_sd_bpm,
        params.seed,
    )
    teaching = (files.teacher[0], Path(files.targets[0]).parent) if files.teacher else ()
    lessons = read_lessons(windows.transfer, Path(files.view_cache[0]).parent, *teaching)
    checkpoint = Path(snakemake.output[0]).with_suffix(".pt")
    _, history = train_student(recipe, lessons, windows.val, checkpoint)
    result = {
        "settings": recipe.own_settings,
        "val_mae_bpm": float(history["val_mae_bpm"].min()),
        "student": f"{params.family}-{params.capacity}",
        "teacher": params.teacher,
        "seed": params.seed,
    }
    write_json(snakemake.output[0], result)
