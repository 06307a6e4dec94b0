"""Write plain values as TOML, which Python can only read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def toml_text(content: Mapping[str, Any]) -> str:
    """The text of a TOML file: its values, then its tables and lists of tables.

    Args:
        content: texts, numbers, lists of them, and tables; a table in a table is written in one
            line. None is left out.
    """
    tables = {k: v for k, v in content.items() if isinstance(v, Mapping) or _is_tables(v)}
    lines = _lines({k: v for k, v in content.items() if k not in tables})
    for key, table in tables.items():
        several = not isinstance(table, Mapping)
        for one in table if several else [table]:
            lines += ["", f"[[{key}]]" if several else f"[{key}]", *_lines(one)]
    return "\n".join(lines) + "\n"


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _lines(table: Mapping[str, object]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items() if value is not None]


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    # JSON agrees with TOML except for infinity.
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
