"""The one exception that the program raises on purpose."""


class PpgkdError(Exception):
    """A problem that the user can fix.

    Its message is all that the user sees. It names the thing (file, row, key), says what was found,
    what is allowed, and what to do.
    """


def damaged_file(problem: str) -> PpgkdError:
    """Make the error about a file that the workflow makes or downloads again once it is deleted.

    Parameters
    ----------
    problem
        Names the file, what was found and what was expected; without a full stop at its end.
    """
    return PpgkdError(f"{problem}. Delete it and run the workflow again.")
