"""Base class of the tables of files that a user writes, and kinds of values that they share."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from imcmoo.io.errors import did_you_mean
from imcmoo.model.physical.memory_cells import MEMORY_CELLS

Positive = Annotated[float, Field(gt=0)]


def is_file(source: str) -> bool:
    """True if the value of `calibration` is the path of a file, False if it names a shipped one."""
    return source.endswith(".toml")


def devices() -> list[str]:
    """Names of the devices of the physical model, which include those of the reference model."""
    return list(MEMORY_CELLS)


def known_device(name: str) -> str:
    """Check that a device exists."""
    names = devices()
    if name not in names:
        raise ValueError(
            f"unknown {name!r}; {did_you_mean(name, names)}allowed: {', '.join(names)}"
        )
    return name


DeviceName = Annotated[
    str,
    AfterValidator(known_device),
    Field(json_schema_extra=lambda schema: schema.update(enum=devices())),
]


class Table(BaseModel):
    """Base class of the tables of a study: no undeclared keys, no texts for numbers."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
    )

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values of some keys.

        Raises:
            ValueError: a value is wrong.
        """
        return type(self)(**{**self._stated(), **changes})

    def __setattr__(self, name: str, value: Any) -> None:
        raise ValueError(f"{name}: cannot be changed; replace({name}={value!r}) returns a copy")

    def _stated(self) -> dict[str, Any]:
        """Values by key, without defaults."""
        return {
            field.alias or name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name in self.model_fields_set
        }

    def __getstate__(self) -> dict[Any, Any]:
        """State for pickling, without cached networks and models."""
        state = super().__getstate__()
        fields = type(self).model_fields
        return state | {"__dict__": {k: v for k, v in self.__dict__.items() if k in fields}}
