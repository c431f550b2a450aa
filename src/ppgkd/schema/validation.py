"""Check what a user wrote by a typed model, and say in one message all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import ValidationError

from ppgkd.errors import PpgkdError
from ppgkd.schema.json_schema import json_schema
from ppgkd.schema.section import Section

AnySection = TypeVar("AnySection", bound=Section)
Path = tuple[Any, ...]


def validate(
    model: type[AnySection], given: Mapping[Any, Any], what: str, described: str
) -> AnySection:
    """Check what was given, and fill in the defaults.

    Parameters
    ----------
    model
        What is allowed.
    given
        What was read.
    what
        Name of it, to begin the message with.
    described
        File in which every key is described.

    Raises
    ------
    PpgkdError
        If a key is unknown or missing, or a value is not allowed. All errors are listed, each with
        its key, what was found and what is allowed.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        messages = _messages(error, given, json_schema(model))
    raise PpgkdError(
        f"{what} is not valid:\n"
        + "\n".join(f"  - {message}" for message in messages)
        + f"\nEvery key is described in {described}."
    )


def filled(section: Section, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keys and values of a section, as plain mappings and lists.

    Keys and values that were given are as they were written and in their order, then come the
    defaults: names of files and parameters of rules print 8 as 8, not as the float 8.0.
    """
    plain: dict[str, Any] = _as_written(section.model_dump(), given)
    return plain


def _as_written(full: Any, given: Any) -> Any:
    if isinstance(full, dict):
        written = {
            name: _as_written(full[name], value) for name, value in given.items() if name in full
        }
        return written | {name: value for name, value in full.items() if name not in given}
    if isinstance(full, list):
        return [_as_written(*pair) for pair in zip(full, given, strict=True)]
    return given


def _messages(error: ValidationError, given: Any, schema: dict[str, Any]) -> list[str]:
    unknown: dict[Path, list[Any]] = {}
    missing: dict[Path, list[Any]] = {}
    keys: dict[Path, dict[Any, None]] = {}
    wrong: dict[Path, list[str]] = {}
    contradictions: dict[Path, str] = {}
    for found in error.errors(include_url=False, include_context=False):
        kind, path = found["type"], _path(found["loc"], given)
        if kind in ("extra_forbidden", "invalid_key"):
            unknown.setdefault(path[:-1], []).append(path[-1])
        elif kind == "missing":
            missing.setdefault(path, []).append(found["loc"][-1])
        elif "[key]" in found["loc"]:
            keys.setdefault(path[:-1], {})[path[-1]] = None
        elif kind == "contradiction":
            contradictions[path] = f"{_key(path)} {found['msg']}"
        else:
            wrong.setdefault(path, []).append(kind)
    messages: dict[Any, str] = contradictions | {
        path: _unknown_keys(path, names, schema) for path, names in unknown.items()
    }
    for path, names in missing.items():
        messages[path, "missing"] = f"{_key(path)} lacks {names}"
    for path, refused in keys.items():
        allowed = _allowed_keys(_node(schema, path))
        messages[path, "keys"] = f"{_key(path)} has the keys {[*refused]}; a key must be {allowed}"
    for path, kinds in wrong.items():
        # a value that may be a list or a number, or keys or a word, has errors as both
        deeper = [other for other in wrong if other != path]
        told = (*deeper, *contradictions, *unknown, *missing, *keys)
        within = any(other[: len(path)] == path for other in told)
        if not within:
            messages[path] = _wrong_value(path, kinds, given, schema)
    return [messages[path] for path in sorted(messages, key=str)]


def _path(location: tuple[Any, ...], given: Any) -> Path:
    """Keys that lead to an error. pydantic also names the members of unions on the way."""
    path: list[Any] = []
    value = given
    for part in location:
        if isinstance(value, Mapping):
            # pydantic names a key that is not text by how it is printed
            keys = [key for key in value if part in (key, str(key), repr(key))]
        elif isinstance(value, list):
            keys = [part] if isinstance(part, int) and part < len(value) else []
        else:
            keys = []
        if keys:
            path.append(keys[0])
            value = value[keys[0]]
    return tuple(path)


def _key(path: Path) -> str:
    return f"'{'.'.join(map(str, path))}'" if path else "the top level"


def _unknown_keys(path: Path, names: list[Any], schema: dict[str, Any]) -> str:
    node = _node(schema, path) or {}
    options = (node, *node.get("anyOf", ()))
    allowed = sorted(name for option in options for name in option.get("properties", {}))
    nearest = [close for name in names for close in get_close_matches(str(name), allowed, n=1)]
    hint = f" (did you mean {' and '.join(map(repr, nearest))}?)" if nearest else ""
    return f"{_key(path)} has unknown keys {sorted(names, key=str)}{hint}; allowed are {allowed}"


def _wrong_value(path: Path, kinds: list[str], given: Any, schema: dict[str, Any]) -> str:
    value = given
    for part in path:
        value = value[part]
    node = _node(schema, path) or {}
    if isinstance(value, list | dict) and not value:
        return f"{_key(path)} must not be empty"
    if kinds == ["not_unique"]:
        return f"{_key(path)} must not repeat a value, found {value!r}"
    return f"{_key(path)} must be {_allowed(node)}, found {value!r}"


def _node(node: Any, path: Path) -> dict[str, Any] | None:
    """Part of a schema that describes what a path leads to."""
    if not isinstance(node, dict):
        return None
    if not path:
        return node
    part, rest = path[0], path[1:]
    steps = [
        node.get("properties", {}).get(part),
        node.get("additionalProperties"),
        *node.get("patternProperties", {}).values(),
        node.get("items"),
    ]
    found = [_node(step, rest) for step in steps]
    found += [_node(option, path) for option in node.get("anyOf", ())]
    return next((step for step in found if step is not None), None)


def _allowed_keys(node: dict[str, Any] | None) -> str:
    found = node or {}
    patterns = [{"pattern": pattern} for pattern in found.get("patternProperties", ())]
    pattern = patterns[0] if patterns else {}
    return _allowed({"type": "string", **found.get("propertyNames", {}), **pattern})


def _allowed(node: Mapping[str, Any]) -> str:
    """Say what a schema allows."""
    options = node.get("anyOf", ())
    if isinstance(node.get("type"), list):
        options = [{**node, "type": kind} for kind in node["type"]]
    if options:
        words = [_allowed(option) for option in options]
        return f"{', '.join(words[:-1])} or {words[-1]}"
    if "const" in node:
        return repr(node["const"])
    if "enum" in node and node.get("type") != "null":
        return f"one of {node['enum']}"
    match node.get("type"):
        case "integer":
            return f"an integer{_bounds(node)}"
        case "number":
            return f"a number{_bounds(node)}"
        case "string":
            return f"text{_limits(node)}"
        case "array" if node.get("minItems", 0) > 1:
            return f"a list of {node['minItems']}"
        case kind:
            names = {
                "array": "a list",
                "object": "keys with values",
                "boolean": "true or false",
                "null": "null",
            }
            return names.get(str(kind), "another value")


def _bounds(node: Mapping[str, Any]) -> str:
    if {"minimum", "maximum"} <= set(node):
        return f" from {node['minimum']} to {node['maximum']}"
    wordings = {"minimum": "of at least", "exclusiveMinimum": "above", "maximum": "of at most"}
    bounds = [f"{words} {node[key]}" for key, words in wordings.items() if key in node]
    return f" {' and '.join(bounds)}" if bounds else ""


def _limits(node: Mapping[str, Any]) -> str:
    wordings = {
        "maxLength": " of at most {} characters",
        "minLength": " of at least {} characters",
        "pattern": " matching the pattern {}",
    }
    return "".join(words.format(node[key]) for key, words in wordings.items() if key in node)
