"""Base class of what a user writes: a group of keys, each with its type, bounds and default."""

from __future__ import annotations

from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema


def _require_unique(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("not_unique", "must not repeat a value")
    return values


Text = Annotated[str, Field(min_length=1)]
"""Text that is not empty."""

Item = TypeVar("Item")
_UNIQUE = AfterValidator(_require_unique)
UniqueList = Annotated[list[Item], Field(json_schema_extra={"uniqueItems": True}), _UNIQUE]
"""List without repeated values."""

FilledList = Annotated[
    list[Item], Field(min_length=1, json_schema_extra={"uniqueItems": True}), _UNIQUE
]
"""List without repeated values, and with at least one."""


class NotNull:
    """Refuses null where a key is given: an empty value in YAML is null, and is a mistake."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        nullable: Any = handler(source)
        not_null: core_schema.CoreSchema = nullable["schema"]
        return not_null


LeftOut = Annotated[Item | None, NotNull()]
"""Type of a key that may be left out, and is then None."""


def left_out(description: str, **bounds: Any) -> Any:
    """Describe a key that may be left out, and then does not appear among the filled ones."""
    return Field(None, exclude_if=lambda value: value is None, description=description, **bounds)


def contradiction(message: str) -> PydanticCustomError:
    """Error of a validator whose message says what is wrong and what to do.

    Parameters
    ----------
    message
        What follows after the key.
    """
    return PydanticCustomError("contradiction", "{message}", {"message": message})


class Section(BaseModel):
    """A group of keys.

    Types are strict: ``true`` is not 1, 4.0 is not an integer, the text "4" is not a number, and
    NaN and infinity are refused. Unknown keys are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class FilledSection(Section):
    """A group of keys of which at least one is given."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _require_a_key(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "must not be empty")
        return self
