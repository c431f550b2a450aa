# What rules ask for that is known only while the workflow runs.


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
