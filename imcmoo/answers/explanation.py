"""The explanation of one design: chip, networks, layers, limits, neighbours."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.io.files import begins_as, writing
from imcmoo.io.locks import folder_lock
from imcmoo.io.reading import MAX_TEXT_BYTES, check_regular, of_json

TABLES = {
    "networks": ("network", "runs"),
    "areas": ("component", "area_mm2"),
    "components": ("network", "component", "energy_J"),
    "layers": ("network", "layer", "energy_J", "component"),
    "limits": ("limit", "network", "used", "excess", "missing", "stops"),
    "neighbours": ("step", "parameter", "before", "after", "beside", "feasible", "score"),
    "changes": ("step", "network", "runs", "gain"),
    "lacking": ("step", "limit", "network", "excess", "missing"),
    "scenario": ("network", "rate_Hz", "deadline_s", "response_s", "capacity"),
    "power": ("part", "power_W"),
    "ends": ("parameter", "value", "side", "beyond"),
}
"""Tables of an explanation, and the columns each has at least.

- networks: quantities, derived figures (power, TOPS, EDAP, regret) and details of the model, one
  row each; empty where the network does not run.
- areas, components: area of the chip, and energy of each network, by component. No rows if unknown;
  likewise `layers`.
- layers: energy and its largest component; `latency_s`, `utilization` and `bound_by` if known. The
  times of pipelined layers overlap.
- limits: of the chip (no network) and of networks. `used` is a share, 1 is all; `excess` the
  missing or excessive share, `missing` the amount of a resource; `stops` counts the neighbours that
  break a limit which the design keeps.
- neighbours: designs one step away; `beside` names what else changes with the parameter.
- changes: gain (positive) or loss of a network, as a share of its EDAP or else of its first ratio
  quantity.
- lacking: limits that a neighbour breaks.
- scenario: service of the requests of each network, in studies with a scenario.
- power: average power by part: `networks` while they run, `leakage` of the chip, DRAM in
  self-refresh (`dram_rest`), and `saving` of interrupted requests, in studies with a scenario.
  Absent in explanations of older versions.
- ends: parameters with the `smallest` or `largest` value of their list; `beyond` is the next value
  that the model covers, unknown if a user's model does not tell. Absent in explanations of older
  versions.
"""

OPTIONAL = ("scenario", "power", "ends")
"""Tables that an explanation need not have."""


OPERANDS, GENERIC = "operands", "generic"
"""Column of `networks`, and its entry for a network whose SNR rests on operands of others."""

SNR_SOURCE = "snr_source"
"""Column that says what the SNR of a network rests on."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """Explanation of one design, in display units (areas in mm²); `Run.explain` returns one.

    Args:
        names: names of the design, such as `selected` or `front_3`; at least one.
        design: value of each parameter and fixed value.
        chip: quantities of the chip, unit in the name.
        feasible: True if all networks run and all limits are met.
        criterion: criterion to compare designs by.
        against: reference of its scores; empty if there is none.
        score: score by the criterion, smaller is better; NaN if unknown.
        judged_by: quantity of which `gain` of a network is a change.
        tables: see `TABLES`.
        reference: reference of `regret` of networks; empty if there is none.
    """

    names: tuple[str, ...]
    design: Mapping[str, Any]
    chip: Mapping[str, float]
    feasible: bool
    criterion: str
    against: str
    score: float
    judged_by: str
    tables: Mapping[str, pd.DataFrame]
    reference: str = ""

    @property
    def generic_operands(self) -> tuple[str, ...]:
        """Networks whose SNR rests on operands of other networks."""
        networks = self.tables["networks"]
        if OPERANDS not in networks:
            return ()
        return tuple(networks.loc[networks[OPERANDS] == GENERIC, "network"])

    def __repr__(self) -> str:
        return f"Explanation({', '.join(self.names)}: {self.criterion} {self.score:.4g})"


EXPLANATIONS = "explain.json"

VALUES = ("before", "after", "value", "beyond")
"""Columns with values of parameters, of any type."""

STORED_FIELDS = tuple(field.name for field in fields(Explanation) if field.name != "tables")
"""Fields of a stored explanation, except tables."""


def to_json(explanation: Explanation) -> str:
    """An explanation as one line of JSON; unknown values are null."""
    content: dict[str, Any] = {name: getattr(explanation, name) for name in STORED_FIELDS}
    content["tables"] = {
        name: {str(column): frame[column].tolist() for column in frame}
        for name, frame in explanation.tables.items()
    }
    return json.dumps(_known(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def explanations_text(explanations: Sequence[Explanation]) -> str:
    """Content of `explain.json`: a checksum, then one line per design."""
    lines = [to_json(explanation) for explanation in explanations]
    body = "[\n" + ",\n".join(lines) + "\n]"
    return f'{{"sha256": "{_digest(body)}",\n"designs": {body}}}\n'


def read_explanations(path: Path) -> list[Explanation]:
    """Read the explanations of a file.

    Raises:
        InputError: the file is damaged; says what to do.
        OSError: the file cannot be read.
    """
    try:
        check_regular(path, MAX_TEXT_BYTES)
        text = path.read_text(encoding="utf-8")
        stored = of_json(text, str(path))
        _, _, body = text.partition('"designs": ')
        if stored["sha256"] != _digest(body.removesuffix("}\n")):
            raise ValueError("checksum")
        explanations = [_of_json(content) for content in stored["designs"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(
            f"{path} is damaged: remove it, and what it says is worked out anew"
        ) from None
    if not explanations:
        raise InputError(f"{path} explains no design: remove it, and it is worked out anew")
    return explanations


def write_csv(explanation: Explanation, folder: Path, *, force: bool = False) -> list[Path]:
    """Write the tables of an explanation into a folder, one file each: all or none.

    Removes tables of an earlier explanation that this one does not have.

    Args:
        explanation: the explanation.
        folder: created if needed, and locked.
        force: replace files that are no such tables.

    Returns:
        The files: `chip.csv` (one row: design, chip, score), then those of `TABLES` that are not
        empty.

    Raises:
        InputError: a file has the name of a table but is none, or the folder is in use.
        OSError: the folder cannot be written to.
    """
    chip = {
        **explanation.design,
        **explanation.chip,
        "feasible": explanation.feasible,
        f"score_{explanation.criterion}": explanation.score,
    }
    frames = {"chip": pd.DataFrame([chip]), **explanation.tables}
    paths = {name: folder / f"{name}.csv" for name in ("chip", *TABLES)}
    written = [name for name, frame in frames.items() if len(frame)]
    with folder_lock(folder):
        with ExitStack() as stack:
            for name in written:
                new = writing(paths[name], ours=_begins(name), force=force)
                frames[name].to_csv(stack.enter_context(new), index=False, lineterminator="\n")
        for name in {*paths} - {*written}:
            if begins_as(paths[name], _begins(name)):
                paths[name].unlink()
    return [paths[name] for name in written]


def _begins(name: str) -> re.Pattern[bytes]:
    """Pattern of the beginning of the file of a table."""
    if name == "chip":
        return re.compile(rb"[^\n]*,feasible,score_")
    first, second, *_ = TABLES[name]
    return re.compile(rf"{first},{second}[,\n]".encode())


def _of_json(content: dict[str, Any]) -> Explanation:
    """Create an explanation from JSON; refuses anything else."""
    tables = {
        name: pd.DataFrame({column: _column(column, values) for column, values in columns.items()})
        for name, columns in content["tables"].items()
    }
    for name, least in TABLES.items():
        if (name in tables or name not in OPTIONAL) and (lacking := {*least} - set(tables[name])):
            raise ValueError(f"{name} has no {lacking}")
    stored = {"reference": "", **{name: content[name] for name in content if name in STORED_FIELDS}}
    score = math.nan if content["score"] is None else float(content["score"])
    return Explanation(**stored | {"names": tuple(stored["names"]), "score": score}, tables=tables)


def _column(name: str, values: list[object]) -> pd.Series[Any]:
    """Column of a table; values of parameters keep their types."""
    nothing = all(value is None for value in values)
    return pd.Series(values, dtype=object if name in VALUES else float if nothing else None)


def _known(value: object) -> Any:
    if isinstance(value, dict):
        return {key: _known(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_known(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
