"""A design space as a TOML file; `problems/spaces/` has examples.

Top-level keys are `name`, `base`, `[fixed]` and `[parameters]`. With `base`, the file replaces
values and parameters of that space by name, and a value by a parameter of its name. Parameters are
in the order of the columns of a design.

Each parameter has a `kind`, and `unit` if its values have one:

- `ordinal`: `values`, or `powers_of_two = [low, high]`, inclusive;
- `categorical`: `values`;
- `integer`: `low` and `high`, inclusive;
- `real`: `low`, `high` and the number of grid points `levels`;
- `conditional`: `on`, a parameter above, and in `values` a row for each of its values, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from imcmoo.io.errors import InputError
from imcmoo.io.reading import read_toml
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Integer, Ordinal, Parameter, Real

KEYS = {"name", "base", "fixed", "parameters"}


def read_spaces(paths: Iterable[Path]) -> dict[str, DesignSpace]:
    """Read spaces, by name, in the order of the files; a base must be one of them.

    Raises:
        InputError: a file does not describe a space; says why.
        OSError: a file cannot be read.
    """
    tables: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        try:
            content = read_toml(path)
            if unknown := content.keys() - KEYS:
                raise ValueError(f"{path}: unknown key {min(unknown)}")
            tables[content["name"]] = content
        except KeyError as error:
            raise InputError(f"{path}: {error.args[0]} is missing") from None
        except ValueError as error:
            raise InputError(str(error)) from None
    return {name: _space(name, tables) for name in tables}


def _space(name: str, tables: Mapping[str, Mapping[str, object]]) -> DesignSpace:
    parameters: dict[str, Parameter] = {}
    try:
        content = _with_base(name, tables)
        for parameter, table in content["parameters"].items():
            parameters[parameter] = _parameter(parameter, table, parameters)
    except KeyError as error:
        raise InputError(f"space {name}: {error.args[0]} is missing or unknown") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"space {name}: {error}") from None
    return DesignSpace(name, tuple(parameters.values()), content["fixed"])


def _with_base(name: str, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Fixed values and parameter tables of a space, including its base."""
    table = tables[name]
    base = _with_base(table["base"], tables) if "base" in table else {}
    content = {
        part: {**base.get(part, {}), **table.get(part, {})} for part in ("fixed", "parameters")
    }
    for varied in table.get("parameters", {}):
        if varied not in table.get("fixed", {}):
            content["fixed"].pop(varied, None)
    return content


def _parameter(name: str, table: Mapping[str, Any], before: Mapping[str, Parameter]) -> Parameter:
    kind, unit = table["kind"], table.get("unit", "")
    if kind == "integer":
        return Integer(name, table["low"], table["high"], unit)
    if kind == "real":
        return Real(name, table["low"], table["high"], table["levels"], unit)
    if kind == "conditional":
        on = before[table["on"]]
        rows = map(tuple, table["values"])
        return Conditional(name, on, dict(zip(on.values, rows, strict=True)), unit)
    if kind == "ordinal" and "powers_of_two" in table:
        low, high = table["powers_of_two"]
        exponents = range(low.bit_length() - 1, high.bit_length())
        return Ordinal(name, tuple(1 << k for k in exponents), unit)
    kinds = {"ordinal": Ordinal, "categorical": Categorical}
    if kind not in kinds:
        raise ValueError(f"parameter {name}: unknown kind {kind!r}")
    return kinds[kind](name, tuple(table["values"]), unit)
