"""The JSON schema of a typed model, which documents every key for readers and editors."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FIRST = ("$schema", "title", "description", "type", "anyOf", "const", "enum")
LAST = ("default", "additionalProperties", "required", "properties")


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Schema of a model in which every key is described where it stands, without references."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    plain: dict[str, Any] = _plain(schema, definitions)
    return plain


def schema_text(model: type[BaseModel], title: str, source: str) -> str:
    """Schema of a model as YAML.

    Parameters
    ----------
    model
        The model.
    title
        Title of the schema.
    source
        File in which the model is.
    """
    schema = {"$schema": DIALECT, "title": title, **json_schema(model)}
    text = yaml.safe_dump(
        schema, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    return f"# Generated from {source} by `make schema`: edit that file.\n{text}"


def _plain(node: Any, definitions: dict[str, Any]) -> Any:
    """Resolve references, drop titles, and put the keys in an order that is easy to read."""
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if isinstance(node, float) and node.is_integer():
        return int(node)
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        referred = definitions[node["$ref"].rpartition("/")[2]]
        own = {key: value for key, value in node.items() if key != "$ref"}
        return _plain({**referred, **own}, definitions)
    plain: dict[str, Any] = {
        key: (
            {name: _plain(value, definitions) for name, value in value.items()}
            if key == "properties"
            else _plain(value, definitions)
        )
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }
    _shorten(plain)
    if isinstance(plain.get("description"), str):
        plain["description"] = " ".join(plain["description"].split())
    first = {key: plain.pop(key) for key in FIRST if key in plain}
    last = {key: plain.pop(key) for key in LAST if key in plain}
    return {**first, **plain, **last}


def _shorten(node: dict[str, Any]) -> None:
    """Leave out repetitions: defaults that the keys of a group have, and null next to a type."""
    defaults = {name: key.get("default") for name, key in node.get("properties", {}).items()}
    if node.get("default") == {
        name: value for name, value in defaults.items() if value is not None
    }:
        node["default"] = {}
    options = node.get("anyOf", [])
    if node.get("default", 0) is None and {"type": "null"} not in options:
        del node["default"]  # the key may be left out, and must not be null
    if len(options) == 2 and options[1] == {"type": "null"} and "enum" not in options[0]:
        del node["anyOf"]
        node.update({**options[0], **node}, type=[options[0]["type"], "null"])
