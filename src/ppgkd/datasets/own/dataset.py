"""Own recordings as a dataset, as their YAML file describes them.

Snakemake asks in every job, so tables are opened only where a column says who is in them, or time
stamps the rate; `ppgkd.datasets.own.row_ranges` reads them.
"""

from __future__ import annotations

from glob import has_magic
from pathlib import Path

from ppgkd.datasets.dataset import Dataset, RecordingEntry
from ppgkd.datasets.own.definition import Definition, read_definition
from ppgkd.datasets.own.files import SOURCE, OwnFile, OwnTable
from ppgkd.errors import PpgkdError

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a formula begins, to a spreadsheet."""


def own_dataset(name: str, path: str | Path) -> Dataset:
    """Describe own recordings as a dataset that a study can use.

    Parameters
    ----------
    name
        What the study calls it.
    path
        The YAML file.

    Returns
    -------
    Dataset
        The files of a recording are the YAML file, its table and, if there is one, the file of its
        reference; they are where they are.

    Raises
    ------
    PpgkdError
        If the YAML file or a table is not as it must be.
    """
    definition = read_definition(path)
    tables = _tables(definition)
    rate_hz = _rate_hz(definition, tables[0])
    entries = tuple(
        entry
        for table in tables
        for entry in _entries(definition, OwnTable(SOURCE, str(table), rate_hz=rate_hz))
    )
    names = [entry.name for entry in entries]
    twice = sorted({entry for entry in names if names.count(entry) > 1})
    if twice:
        raise PpgkdError(
            f"{path}: recordings {twice} are there more than once; every name must be one "
            "recording. Tell them apart by the names of the tables, or by the column that "
            "'recording' names."
        )
    _require_plain_names(path, [*names, *(entry.subject for entry in entries)])
    return Dataset(
        name=name,
        title=definition.about["title"],
        source=SOURCE,
        reader="own.read",
        terms=definition.about["terms"],
        citation=definition.about["citation"],
        ppg_channels=len(definition.ppg),
        rate_hz=rate_hz,
        recordings=entries,
        acc_channels=len(definition.acceleration),
        ppg_polarity=definition.polarity,
    )


def _require_plain_names(path: str | Path, names: list[str]) -> None:
    """Names stand in tables that people open in spreadsheets, which would run them as formulas."""
    formulas = sorted({name for name in names if name[:1] in FORMULA})
    if formulas:
        raise PpgkdError(
            f"{path}: recordings or subjects are called {formulas[:5]}; a name must not begin with "
            f"{', '.join(map(repr, FORMULA))}, which spreadsheets take for a formula. Rename them, "
            "or put 'subject.prefix' before them."
        )


def _tables(definition: Definition) -> list[Path]:
    given = definition.about["files"]
    found: dict[Path, None] = {}
    for pattern in [given] if isinstance(given, str) else given:
        # only the user's part is a pattern: the folder may have brackets in its name
        place = Path(Path(pattern).anchor or definition.path.parent)
        matches = sorted(path for path in place.glob(_below(pattern)) if path.is_file())
        if not matches:
            kind = "matches no file" if has_magic(pattern) else "is no file"
            raise PpgkdError(
                f"{definition.path}: 'files' has '{pattern}', which {kind} in "
                f"{definition.path.parent.resolve()}. Paths are relative to the YAML file."
            )
        found.update(dict.fromkeys(matches))
    return list(found)


def _below(pattern: str) -> str:
    """A pattern without the root that an absolute one begins with."""
    path = Path(pattern)
    return str(path.relative_to(path.anchor)) if path.anchor else pattern


def _entries(definition: Definition, table: OwnTable) -> list[RecordingEntry]:
    path = Path(table.path)
    if definition.who:
        from ppgkd.datasets.own.row_ranges import find_row_ranges  # only here the table is opened

        who = [(run.recording, run.subject) for run in find_row_ranges(definition, path)]
    else:
        who = [(path.stem, definition.subject_of(path, None))]
    reference = definition.about["reference"]
    template = reference.get("files") or reference.get("ecg", {}).get("files")
    described = OwnFile(SOURCE, str(definition.path))
    entries = []
    for recording, subject in who:
        beside = [definition.beside(template, path, recording)] if template else []
        files = (described, table, *(OwnFile(SOURCE, str(found)) for found in beside))
        entries.append(RecordingEntry(recording, subject, files))
    return entries


def _rate_hz(definition: Definition, table: Path) -> float:
    declared = definition.about["rate_hz"]
    if declared is not None:
        return float(declared)
    from ppgkd.datasets.own.row_ranges import rate_by_time_stamps

    return rate_by_time_stamps(definition, table)
