"""What a user writes in YAML, checked by a JSON schema that documents and defaults every key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from ppgkd.errors import PpgkdError


def with_defaults(
    given: Mapping[str, Any], schema: Mapping[str, Any], what: str, described: str
) -> dict[str, Any]:
    """Fill in the schema's defaults.

    Parameters
    ----------
    given
        What was read.
    schema
        JSON schema.
    what
        Name of it, to begin the message with.
    described
        Where every key is described.

    Raises
    ------
    PpgkdError
        If a key is unknown or missing, or a value is not allowed. All errors are listed, each with
        its key, what was found and what is allowed.
    """
    filled: dict[str, Any] = deepcopy(dict(given))
    errors = sorted(
        _filling_validator(schema).iter_errors(filled), key=lambda e: [*map(str, e.path)]
    )
    if errors:
        raise PpgkdError(
            f"{what} is not valid:\n"
            + "\n".join(dict.fromkeys(f"  - {_explain(error)}" for error in errors))
            + f"\nEvery key is described in {described}."
        )
    return filled


def _filling_validator(schema: Mapping[str, Any]) -> Any:
    """Make a validator that also fills defaults, top down, `$ref` with siblings included."""
    check_properties = Draft202012Validator.VALIDATORS["properties"]

    def fill_then_check(
        validator: Any, properties: Mapping[str, Any], instance: Any, parent: Any
    ) -> Iterator[ValidationError]:
        if isinstance(instance, dict):
            for key, subschema in properties.items():
                if "default" not in subschema:
                    continue
                default = deepcopy(subschema["default"])
                if isinstance(default, dict) and isinstance(instance.get(key), dict):
                    # a budget given in part keeps the rest of its default; strategies do not:
                    # naming some of them is how the others are left out
                    if key != "strategies":
                        instance[key] = {**default, **instance[key]}
                else:
                    instance.setdefault(key, default)
        yield from check_properties(validator, properties, instance, parent)

    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        # JSON Schema takes 4.0 for an integer, and no bound holds NaN back
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
            ),
        }
    )
    checks = {"properties": fill_then_check}
    return validators.extend(Draft202012Validator, checks, type_checker=types)(schema)


def _explain(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.path)
    key = f"'{where}'" if where else "the top level"
    match error.validator:
        case "additionalProperties":
            allowed = sorted(error.schema.get("properties", {}))
            unknown = sorted(set(error.instance) - set(allowed), key=str)
            return f"{key} has unknown keys {unknown}; allowed are {allowed}"
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return f"{key} lacks {missing}"
        case "type":
            allowed = error.validator_value
            names = allowed if isinstance(allowed, str) else " or ".join(allowed)
            return f"{key} must be of type {names}, found {error.instance!r}"
        case "minItems" | "minProperties":
            return f"{key} must not be empty"
        case _:
            return f"{key}: {error.message} ({error.validator}: {error.validator_value})"
