"""YAML files that a user names: data alone, of limited size, and each key once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ppgkd.errors import PpgkdError

MAX_BYTES = 2**20


def read_plain_yaml(path: str | Path, expected: str) -> dict[str, Any]:
    """Read a file of keys with values by YAML's safe loader, which makes no Python objects.

    Parameters
    ----------
    path
        The file, of 1 MiB at most.
    expected
        What the file should be, for the error message: ``a study, such as those in studies/``.

    Raises
    ------
    PpgkdError
        If it is too large, cannot be read, does not hold keys with values, or has a key twice.
    """
    path = Path(path)
    try:
        n_bytes = path.stat().st_size
        if n_bytes > MAX_BYTES:
            raise PpgkdError(
                f"{path} has {n_bytes:,} bytes; allowed are at most {MAX_BYTES:,}. Name {expected}."
            )
        text = path.read_text(encoding="utf-8")
        _refuse_double_keys(path, yaml.compose(text, Loader=yaml.SafeLoader))
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PpgkdError(
            f"{path} cannot be read as plain YAML: {error}. Correct it, or name {expected}."
        ) from error
    if not isinstance(content, dict):
        raise PpgkdError(
            f"{path} is of the type {type(content).__name__}, expected keys with values. Name "
            f"{expected}."
        )
    return content


def _refuse_double_keys(path: Path, root: yaml.Node | None) -> None:
    """Refuse a key that stands twice in one mapping, of which YAML's loader keeps the last."""
    scalars = yaml.SafeLoader("")
    for mapping in _mappings(root):
        line_of: dict[Any, int] = {}
        for key, _ in mapping.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            is_merge = key.tag == "tag:yaml.org,2002:merge"
            told = (key.value,) if is_merge else scalars.construct_object(key)
            if told in line_of:
                raise PpgkdError(
                    f"{path} has the key '{key.value}' twice, in line {line_of[told]} and in line "
                    f"{line}, and only the last would be read. Remove one of them."
                )
            line_of[told] = line


def _mappings(root: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """All mappings below a node, each once, though aliases may name it often."""
    seen: set[int] = set()
    left = [root] if root else []
    while left:
        node = left.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            left += [part for pair in reversed(node.value) for part in reversed(pair)]
        else:
            left += reversed(node.value)
