# What rules ask for that is known only while the workflow runs, and what more than one asks for.


def digest(script, *modules):
    """Digest of the code that a script runs, and with it modules that it imports by name.

    Rules carry it as a parameter: a change of that code reruns them, and a change of other code
    does not.
    """
    return code_digest(
        Path(workflow.basedir) / f"workflow/scripts/{script}.py", *modules
    )


def setting(key):
    """A mapping of the configuration, in an order that is not that in which it was written.

    Snakemake compares parameters as they are printed.
    """
    return dict(sorted(config[key].items()))


def settings_of(strategy, trial=None):
    """Settings of a strategy, or of one of its trials, in such an order."""
    own = config["strategies"][strategy]
    return dict(
        sorted((own if trial is None else study.tuning.trials[strategy][trial]).items())
    )


def families(*teachers):
    """Modules of the networks that some teachers are; a file of the user's own is none."""
    found = {study.teacher(name).model for name in teachers}
    return sorted({f"models.{model.family}" for model in found if model})


def pretrains():
    """Whether any dataset gives its teachers subjects to learn from first."""
    return any(shares.get("pretrain") for shares in config["datasets"].values())


def entries(wildcards):
    """What is known of the recordings that a study uses of a dataset; new ones change nothing."""
    return repr(study.recordings(wildcards.dataset))


def reader(wildcards):
    """Module that reads a dataset."""
    (dataset,) = (d for d in study.datasets if d.name == wildcards.dataset)
    return f"datasets.{dataset.reader}"


def growing(first):
    """Memory in MB or time in minutes of a job: twice as much at every new attempt."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


def gpus(*budgets):
    """How many GPUs a training takes that has these budgets: one, if any of them asks for CUDA."""
    return int(any(config["training"][name]["device"] == "cuda" for name in budgets))


def of_each_seed(file):
    """A file of the students of one job, which are those of its seeds that are exported and timed."""
    return expand(
        f"<fold>/students/<student>/seed{{seed}}/{file}",
        seed=study.profiled_seeds,
        allow_missing=True,
    )


def trained(student, files, first):
    """Files of a student's cells, which lie in every fold and seed; or of the first alone."""
    cells = study.cells_of(*(student[key] for key in STUDENT))
    return [
        f"<results>/{cell.path}/{file}"
        for cell in (cells[:1] if first else cells)
        for file in files
    ]


def recommended(*files, first=False):
    """Files of the recommended student's cells, once it is known which it is."""

    def of_choice(wildcards):
        with checkpoints.recommend.get().output[0].open() as file:
            return trained(json.load(file), files, first)

    return of_choice


def planned(*files, first=False):
    """Files of the planned students' cells, once it is known which they are."""

    def of_answers(wildcards):
        with checkpoints.plan.get().output[0].open() as file:
            answers = json.load(file)
        return [
            path
            for answer in answers
            if "reason" not in answer
            for path in trained(answer, files, first)
        ]

    return of_answers


def of_cells(cells, file):
    """One file of each cell."""
    return [f"<results>/{cell.path}/{file}" for cell in cells]
