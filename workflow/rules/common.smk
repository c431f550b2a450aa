# Functions that several rules use: paths, parameters and resources.


def digest(script, *modules):
    """Return a digest of the code that a script runs, its imports included.

    ``modules`` are those that the script imports by a name known only at run time. Each rule has
    the digest as a parameter, so that a change of its code reruns it and other changes do not.
    """
    return code_digest(
        Path(workflow.basedir) / f"workflow/scripts/{script}.py", *modules
    )


def config_section(key):
    """Return a section of the configuration with its keys sorted.

    Snakemake compares parameters as text: the order in the file must not matter.
    """
    return dict(sorted(config[key].items()))


def strategy_settings(strategy, trial=None):
    """Return the settings of a strategy, or of one of its trials, with their keys sorted."""
    settings = (
        config["strategies"][strategy]
        if trial is None
        else study.tuning.trials[strategy][trial]
    )
    return dict(sorted(settings.items()))


def needs_teacher(wildcards):
    """Return whether a teacher's outputs are part of a strategy's loss."""
    return STRATEGIES[wildcards.strategy].needs_teacher


def teacher_modules(*teachers):
    """Return the modules that define some teachers' networks; ONNX files have none."""
    models = {study.teacher(name).model for name in teachers}
    return sorted({f"models.{model.family}" for model in models if model})


def recorded_datasets(teacher):
    """Return the datasets of a recorded teacher's files, in their order; of others, none."""
    estimates = study.teacher(teacher).estimates
    return [*estimates.datasets] if estimates else []


def has_pretraining():
    """Return whether any subjects are reserved for pretraining the teachers."""
    return any(split.get("pretrain") for split in config["datasets"].values())


def recording_entries(wildcards):
    """Return what is known of the recordings that the study uses, and of no others."""
    return repr(study.recordings(wildcards.dataset))


def own_file_digests(wildcards):
    """Return the digest of the content of each of the user's own files that a dataset is read from.

    Snakemake itself sees newer files, and not one that was replaced by an older one (cp -p, unzip).
    """
    (dataset,) = (d for d in study.datasets if d.name == wildcards.dataset)
    if dataset.source != OWN_SOURCE:
        return {}
    from ppgkd.runtime.artifacts import file_fingerprint  # slow to import

    return {
        path: file_fingerprint(path)
        for path in study.input_files(wildcards.dataset)
        if Path(path).is_file()
    }


def reader_module(wildcards):
    """Return the module that reads a dataset."""
    return f"datasets.{study.dataset(wildcards.dataset).reader}"


def fold_of(wildcards):
    """Return a fold's number, or `FINAL`, as text; it is empty in a study without folds."""
    return wildcards.get("fold", "").removeprefix("fold").partition("-")[0]


def subset_of(wildcards):
    """Return the name of a subset of a fold's training people; it is empty with all of them."""
    return wildcards.get("fold", "").partition("-")[2]


def taking_of_people(wildcards):
    """Return how a subset of a fold's training people is taken; nothing with all of them."""
    if not subset_of(wildcards):
        return {}
    return {
        "datasets": config["people"].get("datasets", []),
        "stride_s": config["windows"]["stride_s"],
    }


def other_people_fold(wildcards):
    """Return number and count of a fold that tests other people, and who are not known apart."""
    folds = [str(fold) for fold in study.people_folds]
    if fold_of(wildcards) not in folds:
        return []
    unknown = [dataset.name for dataset in study.datasets if dataset.people_unknown]
    return [folds.index(fold_of(wildcards)), config["other_people"], unknown]


def doubled_on_retry(first):
    """Return a resource (MB, minutes) that is doubled at every new attempt of a job."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


def training_of(stage, family):
    """Return how long and how fast a family of networks is trained in a stage."""
    section = dict(config["training"][stage])
    own = section.pop("families", {}).get(family, {})
    return {**section, **own}


def gpus(*trainings):
    """Return the number of GPUs of a job: one if any of its trainings is to run on CUDA."""
    return int(any(config["training"][name]["device"] == "cuda" for name in trainings))


def for_each_seed(path):
    """Return a path once for each seed of the study."""
    return expand(path, seed=config["seeds"], allow_missing=True)


def for_each_exported_seed(path):
    """Return a path once for each seed whose students are exported and timed."""
    return expand(path, seed=study.profiled_seeds, allow_missing=True)


def for_each_exported_student(path):
    """Return a path once for each student of the sweep and each seed that is exported."""
    return expand(
        path,
        student=[student.name for student in study.students],
        seed=study.profiled_seeds,
        allow_missing=True,
    )


def cell_files(cells, file):
    """Return the path of a file of each cell."""
    return [f"<results>/{cell.path}/{file}" for cell in cells]


def student_files(student, files, first, other_people=False):
    """Return paths of files of a student's cells in all folds and seeds, or of the first cell."""
    key = (student[name] for name in STUDENT)
    cells = study.cells_of(*key, other_people=other_people)
    cells = cells[:1] if first else cells
    return [path for file in files for path in cell_files(cells, file)]


def recommended_files(*files, other_people=False):
    """Return an input function: files of the recommended student, once it is chosen."""
    return lambda wildcards: student_files(
        recommended_student(), files, first=False, other_people=other_people
    )


def shipped_file(file):
    """Return an input function: a file of the cell that is shipped, once it is chosen."""
    return lambda wildcards: cell_files(
        [study.shipped_cell(*(recommended_student()[key] for key in STUDENT))], file
    )


def tested_files(file, folds):
    """Return a file of the recommended student of each of these folds, if recordings are shown."""
    if not config["demo"]["recordings"]:
        return []
    cells = study.cells_of(*(recommended_student()[key] for key in STUDENT))
    seed = study.profiled_seeds[0]
    return cell_files(
        [cell for cell in cells if cell.fold in folds and cell.seed == seed], file
    )


def recommended_student():
    """Return strategy, teacher and student of the recommended student, once it is chosen."""
    with checkpoints.recommend.get().output[0].open() as file:
        return json.load(file)


def planned_files(*files, first=False):
    """Return an input function: files of the planned students, once they are known."""

    def input_files(wildcards):
        with checkpoints.plan.get().output[0].open() as file:
            recommendations = json.load(file)
        return [
            path
            for recommended in recommendations
            if "reason" not in recommended
            for path in student_files(recommended, files, first)
        ]

    return input_files


def planned_people_files(*files):
    """Return an input function: files of students with the planned numbers of people."""

    def input_files(wildcards):
        with checkpoints.people_plan.get().output[0].open() as file:
            planned = json.load(file)
        return [
            path
            for row in planned
            if "train" in row
            for file in files
            for path in cell_files(
                study.cells_with_people(*(row[key] for key in STUDENT), row["train"]),
                file,
            )
        ]

    return input_files
