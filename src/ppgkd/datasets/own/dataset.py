"""Own recordings as a dataset, as their YAML file describes them.

Snakemake imports this in every job. Therefore tables are opened only if a column names recordings
or subjects, or if the rate has to be measured (`ppgkd.datasets.own.row_ranges`).
"""

from __future__ import annotations

from glob import has_magic
from pathlib import Path

from ppgkd.datasets.dataset import Dataset, RecordingEntry
from ppgkd.datasets.own.definition import Definition, read_definition
from ppgkd.datasets.own.files import HEADER_SUFFIX, SOURCE, WAVEFORM_SUFFIXES, OwnFile, OwnTable
from ppgkd.datasets.wfdb_header import signal_files
from ppgkd.errors import PpgkdError

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")
"""First characters of cells that a spreadsheet reads as a formula."""


def own_dataset(name: str, path: str | Path) -> Dataset:
    """Describe own recordings as a dataset that a study can use.

    Parameters
    ----------
    name
        Name of the dataset in the study.
    path
        The YAML file.

    Returns
    -------
    Dataset
        The files of a recording are the YAML file, its table or file of waveforms and, if there are
        any, the file of its reference and the files that its header names. All are read in place.

    Raises
    ------
    PpgkdError
        If the YAML file or a table is invalid.
    """
    definition = read_definition(path)
    tables = _find_tables(definition)
    for table in tables:
        _require_fitting_keys(definition, table)
    rate_hz = _rate_hz(definition, tables)
    entries = tuple(
        entry
        for table in tables
        for entry in _recording_entries(definition, OwnTable(SOURCE, str(table), rate_hz=rate_hz))
    )
    names = [entry.name for entry in entries]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise PpgkdError(
            f"{path}: there is more than one recording with each of the names {repeated}. Give "
            "every recording a name of its own, by the name of its table or by the column that "
            "'recording' names."
        )
    if isinstance(definition.keys.reference_lag_s, dict):
        unknown = sorted(set(definition.keys.reference_lag_s) - set(names))
        if unknown:
            raise PpgkdError(
                f"{path}: 'reference_lag_s' names unknown recordings {unknown}; there are {names}. "
                "Correct their names."
            )
    _refuse_formulas(path, [*names, *(entry.subject for entry in entries)])
    return Dataset(
        name=name,
        title=definition.keys.title,
        source=SOURCE,
        reader="own.read",
        terms=definition.keys.terms,
        citation=definition.keys.citation,
        ppg_channels=len(definition.ppg),
        rate_hz=rate_hz,
        recordings=entries,
        acc_channels=len(definition.acceleration),
        ppg_polarity=definition.polarity,
        has_reference=definition.reference is not None,
    )


def _require_fitting_keys(definition: Definition, path: Path) -> None:
    """Refuse keys that a file of this kind cannot have."""
    keys, suffix = definition.keys, path.suffix.lower()
    if suffix == ".dat":
        raise PpgkdError(
            f"{definition.path}: 'files' has {path}, the samples of a WFDB record. Name its "
            f"header, which ends in {HEADER_SUFFIX}."
        )
    if suffix not in WAVEFORM_SUFFIXES and definition.indices:
        raise PpgkdError(
            f"{definition.path}: {path} is a table, and {definition.indices} are indices, "
            "which name signals of EDF files and WFDB records. Name the columns."
        )
    beats = definition.reference.beats if definition.reference else None
    if beats and beats.annotations and suffix != HEADER_SUFFIX:
        raise PpgkdError(
            f"{definition.path}: {path} is no WFDB record, and 'reference.beats.annotations' is of "
            "WFDB records. Give 'reference.beats.files'."
        )
    if suffix not in WAVEFORM_SUFFIXES:
        return
    columns = {
        "recording": keys.recording,
        "subject.column": keys.subject.column,
        "activity": keys.activity and keys.activity.column,
    }
    for key, column in columns.items():
        if column:
            raise PpgkdError(
                f"{definition.path}: '{key}' names the column {column}, and {path} is no table; "
                "it is one recording. Leave the key out; subjects have names by "
                "'subject: {pattern: ...}'."
            )


def _refuse_formulas(path: str | Path, names: list[str]) -> None:
    """Refuse names that would be formulas in a spreadsheet; the result tables contain them."""
    formulas = sorted({name for name in names if name[:1] in FORMULA_PREFIXES})
    if formulas:
        raise PpgkdError(
            f"{path}: recordings or subjects have the names {formulas[:5]}; no name may begin with "
            f"{', '.join(map(repr, FORMULA_PREFIXES))}, which start a formula in a spreadsheet. "
            "Rename them, or set 'subject.prefix'."
        )


def _find_tables(definition: Definition) -> list[Path]:
    given = definition.keys.files
    found: dict[Path, None] = {}
    for pattern in [given] if isinstance(given, str) else given:
        # only the user's text is a pattern; the folder's own name may have brackets
        folder = Path(Path(pattern).anchor or definition.path.parent)
        matches = sorted(path for path in folder.glob(_relative(pattern)) if path.is_file())
        if not matches:
            problem = "matches no file" if has_magic(pattern) else "is not a file"
            raise PpgkdError(
                f"{definition.path}: 'files' has '{pattern}', which {problem} in "
                f"{definition.path.parent.resolve()}. Paths are relative to the YAML file."
            )
        found.update(dict.fromkeys(matches))
    return list(found)


def _relative(pattern: str) -> str:
    """The pattern without the root of an absolute path."""
    path = Path(pattern)
    return str(path.relative_to(path.anchor)) if path.anchor else pattern


def _recording_entries(definition: Definition, table: OwnTable) -> list[RecordingEntry]:
    path = Path(table.path)
    if definition.who:
        from ppgkd.datasets.own.row_ranges import find_row_ranges  # opens the table

        names = [(rows.recording, rows.subject) for rows in find_row_ranges(definition, path)]
    else:
        names = [(path.stem, definition.subject_of(path, None))]
    reference = definition.reference
    sources = (reference, reference.ecg, reference.beats) if reference else ()
    template = next((source.files for source in sources if source and source.files), None)
    yaml_file = OwnFile(SOURCE, str(definition.path))
    entries = []
    for recording, subject in names:
        others = [definition.beside(template, path, recording)] if template else []
        if path.suffix.lower() == HEADER_SUFFIX:
            others += [*_annotations(definition, path), *signal_files(path)]
        files = (yaml_file, table, *(OwnFile(SOURCE, str(found)) for found in others))
        entries.append(RecordingEntry(recording, subject, files))
    return entries


def _annotations(definition: Definition, path: Path) -> list[Path]:
    """Annotations of a WFDB record, if they are the reference."""
    beats = definition.reference.beats if definition.reference else None
    if beats is None or beats.annotations is None:
        return []
    found = path.with_suffix(f".{beats.annotations}")
    if not found.is_file():
        raise PpgkdError(
            f"{definition.path}: 'reference.beats.annotations' is {beats.annotations}, and "
            f"{found} is no file. Correct the suffix or add the file."
        )
    return [found]


def _rate_hz(definition: Definition, tables: list[Path]) -> float:
    declared = definition.keys.rate_hz
    if declared is not None:
        return float(declared)
    from ppgkd.datasets.own.row_ranges import rate_by_time_stamps

    return rate_by_time_stamps(definition, tables)
