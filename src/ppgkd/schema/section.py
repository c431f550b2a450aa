"""Base class of what a user writes: a group of keys, each with its type, bounds and default."""

from __future__ import annotations

from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A group of keys.

    Types are strict: ``true`` is not 1, 4.0 is not an integer, the text "4" is not a number, and
    NaN and infinity are refused. Unknown keys are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @field_validator("*", mode="wrap")
    @classmethod
    def _keep_integers(cls, value: Any, check: ValidatorFunctionWrapHandler) -> Any:
        # pydantic makes 8 a float where a float is allowed; file names and parameters of
        # Snakemake's rules print what the user wrote
        checked = check(value)
        return value if isinstance(checked, float) else checked


class FilledSection(Section):
    """A group of keys of which at least one is given."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _require_a_key(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "must not be empty")
        return self


def is_none(value: object) -> bool:
    """Whether a key was left out, so that it does not appear among the filled ones."""
    return value is None
