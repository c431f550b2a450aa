"""The one exception that the program raises on purpose."""


class PpgkdError(Exception):
    """A problem that the user can fix.

    Its message is all that the user sees. It names the thing (file, row, key), says what was found,
    what is allowed, and what to do.
    """
