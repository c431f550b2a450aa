# What rules ask for that is known only while the workflow runs.


def planned(*files, first=False):
    """Files of the planned students' cells, once it is known which they are."""

    def of_answers(wildcards):
        with checkpoints.plan.get().output[0].open() as file:
            answers = json.load(file)
        return [
            f"<results>/{cell.path}/{file}"
            for answer in answers
            for cell in study.cells_of(*(answer[key] for key in STUDENT))[
                : 1 if first else None
            ]
            for file in files
        ]

    return of_answers
