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
from imcmoo.io.reading import MOST_TEXT_BYTES, check_regular, of_json

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
}
"""Tables of an explanation, and the columns each has at the least.

- networks: one row each, with the model's quantities, what comes of them (power, TOPS, EDAP, regret
  against what is best) and what else the model tells; empty where the network does not run.
- areas, components: area of the chip and energy of each network by component. Without rows where
  the model does not tell, as is the next.
- layers: energy and the component that takes most of it; `latency_s`, `utilization` and `bound_by`
  where the model tells. Layers that are pipelined overlap: their times sum to more than that of the
  network.
- limits: of the chip (no network) and of networks. `used` is a share, 1 is all; `excess` is the
  share that is lacking or too much, and `missing` how much of a resource; `stops` counts the
  neighbours that break what this design keeps.
- neighbours: designs one step away; `beside` names what else changes with the parameter.
- changes: what a network gains (positive) or pays, as a share of its EDAP or else of its first
  quantity that is a ratio.
- lacking: limits that a neighbour breaks.
- scenario: service of the requests of each network; only of a study with a scenario.
"""


OPERANDS, GENERIC = "operands", "generic"
"""Column of `networks`, and its entry for a network whose SNR rests on operands of others."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """One design, explained, in display units: areas in mm².

    Args:
        names: what the design is called, `selected` or `front_3` and so on; at least one.
        design: value of each parameter and of what the space fixes.
        chip: quantities of the chip, unit in the name.
        feasible: whether all networks run and all limits are kept.
        criterion: what designs are compared by.
        against: what the scores of such a criterion are relative to; empty where to nothing.
        score: by it, the smaller the better; NaN where it is not known.
        judged_by: what `gain` of a network is a change of.
        tables: as `TABLES`.
        reference: what `regret` of the networks is against; empty where there is none.
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

VALUES = ("before", "after")
"""Columns with values of parameters, of whatever type."""

STORED_FIELDS = tuple(field.name for field in fields(Explanation) if field.name != "tables")
"""What a stored explanation has beside its tables."""


def to_json(explanation: Explanation) -> str:
    """An explanation as one line; tables by column, what is not known is null."""
    content: dict[str, Any] = {name: getattr(explanation, name) for name in STORED_FIELDS}
    content["tables"] = {
        name: {str(column): frame[column].tolist() for column in frame}
        for name, frame in explanation.tables.items()
    }
    return json.dumps(_known(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def explanations_text(explanations: Sequence[Explanation]) -> str:
    """Content of `explain.json`: a line for each design, and a checksum of these in front."""
    lines = [to_json(explanation) for explanation in explanations]
    body = "[\n" + ",\n".join(lines) + "\n]"
    return f'{{"sha256": "{_digest(body)}",\n"designs": {body}}}\n'


def read_explanations(path: Path) -> list[Explanation]:
    """The explanations of a file.

    Raises:
        InputError: the file is damaged; says what to do.
        OSError: it cannot be read.
    """
    try:
        check_regular(path, MOST_TEXT_BYTES)
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
    """Write an explanation's tables into a folder, each to a file of its name: all, or none.

    A table that an earlier explanation has left there, and this one has not, is removed.

    Args:
        explanation: of one design.
        folder: made if needed, and locked meanwhile.
        force: write over files that are no such tables.

    Returns:
        The files: `chip.csv` (one row: the design, the chip, its score), then those of `TABLES`
        that are not empty.

    Raises:
        InputError: a file of a table's name is none, or another command works in the folder.
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
    """Pattern of the beginning of a table's file."""
    if name == "chip":
        return re.compile(rb"[^\n]*,feasible,score_")
    first, second, *_ = TABLES[name]
    return re.compile(rf"{first},{second}[,\n]".encode())


def _of_json(content: dict[str, Any]) -> Explanation:
    """An explanation, and nothing that is none."""
    tables = {
        name: pd.DataFrame({column: _column(column, values) for column, values in columns.items()})
        for name, columns in content["tables"].items()
    }
    for name, least in TABLES.items():
        if (name in tables or name != "scenario") and (lacking := {*least} - set(tables[name])):
            raise ValueError(f"{name} has no {lacking}")
    stored = {"reference": "", **{name: content[name] for name in content if name in STORED_FIELDS}}
    score = math.nan if content["score"] is None else float(content["score"])
    return Explanation(**stored | {"names": tuple(stored["names"]), "score": score}, tables=tables)


def _column(name: str, values: list[Any]) -> pd.Series[Any]:
    """A column of a table; values of parameters stay what they are."""
    nothing = all(value is None for value in values)
    return pd.Series(values, dtype=object if name in VALUES else float if nothing else None)


def _known(value: Any) -> Any:
    """Replace numbers that are not known by None."""
    if isinstance(value, dict):
        return {key: _known(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_known(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
