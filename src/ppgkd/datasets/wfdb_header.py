"""The files that the header of a WFDB record names.

Snakemake asks for them in every job, so this reads text, without `wfdb` and NumPy.
"""

from __future__ import annotations

from pathlib import Path

from ppgkd.errors import PpgkdError


def signal_files(path: Path) -> list[Path]:
    """Files with the samples of a record, beside its header.

    Raises
    ------
    PpgkdError
        If the header or one of them is missing.
    """
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError as error:
        raise PpgkdError(f"{path}: the header cannot be opened ({error.strerror}).") from error
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    names = dict.fromkeys(row[0] for row in rows[1:] if len(row) > 1)
    elsewhere = [name for name in names if {"/", "\\"} & {*name} or name in (".", "..")]
    if elsewhere:
        raise PpgkdError(
            f"{path}: the header names {', '.join(elsewhere)}; its files must lie beside it."
        )
    found = [path.with_name(name) for name in names if name != "~"]
    missing = [file.name for file in found if not file.is_file()]
    if missing:
        raise PpgkdError(
            f"{path}: the header names {', '.join(missing)}, and there is no such file beside it. "
            "Put it there."
        )
    return found
