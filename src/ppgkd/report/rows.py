"""Names of the tables' rows, to which points of figures lead."""

from __future__ import annotations

from urllib.parse import quote


def row_id(table: str, *key: object) -> str:
    """Name of a table's row in the page's address, to which a figure's point leads.

    Parameters
    ----------
    table
        Word for what its rows are, such as ``student``.
    key
        What identifies the row.
    """
    return "-".join(quote(str(part), safe="") for part in (table, *key))
