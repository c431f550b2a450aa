"""Style sheets and scripts of the pages, which have them in their one file."""

from collections.abc import Iterable
from importlib.resources import files


def asset(names: Iterable[str]) -> str:
    """Text of the files of these names, one after the other."""
    folder = files(__name__)
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
