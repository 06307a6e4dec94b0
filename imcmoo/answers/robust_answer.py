"""The answer of a study under uncertain costs, as tables and as a folder of files.

answer = study.robust()
answer.chip, answer.table, answer.devices
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.analysis.draws import (
    DRAWS_PER_COLUMN,
    Ratio,
    VarianceShare,
    ratios,
    variance_shares,
)
from imcmoo.answers.drawn_device import ROBUST, ROBUST_OF_ALL, DrawnChip, DrawnDevice
from imcmoo.answers.provenance import stamp_of_answers
from imcmoo.answers.robust_folder import (
    ASSUMPTIONS,
    CHIPS,
    CONFIG,
    DEVICES,
    DRAWS,
    INFORMATION,
    REGRET,
)
from imcmoo.arrays import Floats
from imcmoo.exact.certificate import FILE
from imcmoo.io.checksums import SUMS, content_checksum, sha256, write_sums
from imcmoo.io.files import replacing
from imcmoo.problem.criteria import EDAP_UNIT, NAMED
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study
from imcmoo.study.study_file import STUDY


@dataclass(frozen=True, eq=False)
class Pair:
    """Two devices, the one that is better in more draws first.

    Args:
        first, second: the devices.
        ratio: of their best scores.
        shares: what groups of assumptions explain of the logarithm of the ratio, by group, and
            together; None if there are too few draws.
    """

    first: DrawnDevice
    second: DrawnDevice
    ratio: Ratio
    shares: tuple[dict[str, VarianceShare], float] | None

    @property
    def label(self) -> str:
        """Names of both, as the ratio has them."""
        return f"{self.first.label} / {self.second.label}"

    @property
    def ratios(self) -> Floats:
        """The ratio in the draws in which both have a chip."""
        return _finite_ratios(self.first, self.second)

    @property
    def draws_for_shares(self) -> int:
        """Draws in which both must have a chip so that `shares` can be computed."""
        return DRAWS_PER_COLUMN * len(_groups(self.first, self.second))

    @classmethod
    def of(cls, one: DrawnDevice, other: DrawnDevice) -> Pair | None:
        """The pair; None if no draw has a chip."""
        ratio = Ratio.of(one.best, other.best)
        if ratio is not None and 2 * ratio.better < ratio.draws:
            one, other, ratio = other, one, Ratio.of(other.best, one.best)
        if ratio is None:
            return None
        known, groups = one.counted & other.counted, _groups(one, other)
        columns = [one.table.groups.index(group) for group in groups]
        found = variance_shares(np.log(_finite_ratios(one, other)), one.table.u[known][:, columns])
        shares = found and (dict(zip(groups, found[0], strict=True)), found[1])
        return cls(one, other, ratio, shares)


def _groups(one: DrawnDevice, other: DrawnDevice) -> Sequence[str]:
    """Groups in a regression of their ratio: all, or those that act on a device if there are too
    few draws for all."""
    groups = one.table.groups
    both = int((one.counted & other.counted).sum())
    if both >= DRAWS_PER_COLUMN * len(groups) or one.savings is None or other.savings is None:
        return groups
    return [group for group in groups if group in one.savings or group in other.savings]


def _finite_ratios(one: DrawnDevice, other: DrawnDevice) -> Floats:
    """Ratio of best scores in the draws in which both devices have a chip."""
    known = one.counted & other.counted
    return ratios(one.best[known], other.best[known])


@dataclass(frozen=True, eq=False, repr=False)
class RobustAnswer:
    """A robust chip, how good chips are in all draws, and which device is the better one.

    Column names of the tables end in their units; docs/files.md describes them.

    Args:
        name: name of the study.
        parts: the device, or the devices of a list.
        command: the command line that repeats it.
        without_chip: devices without a feasible chip in any draw, and why.
    """

    name: str
    parts: tuple[DrawnDevice, ...]
    command: str
    without_chip: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def best(self) -> tuple[DrawnDevice, DrawnChip]:
        """The robust chip, of a list that of all devices, and its device."""
        role = ROBUST_OF_ALL if len(self.parts) > 1 else ROBUST
        found = [(part, chip) for part in self.parts if (chip := part.chip(role)) is not None]
        return found[0]

    @property
    def chip(self) -> dict[str, Any]:
        """Device and value of each parameter of the robust chip."""
        part, chip = self.best
        return {"device": part.label, **part.design(chip)}

    @property
    def table(self) -> pd.DataFrame:
        """A row for each device and chip: its parameters, and how robust it is."""
        rows = [
            {
                "device": part.label,
                "chip": chip.role,
                **part.design(chip),
                **chip.measures,
                "over_nominal": part.over_nominal(chip),
                "snr_margin_dB": chip.snr.margin_dB,
            }
            for part in self.parts
            for chip in part.chips
        ]
        frame = pd.DataFrame(rows)
        measures = [
            n for n in rows[-1] if n not in {p for d in self.parts for p in d.study.space.names}
        ]
        parameters = [n for n in frame if n not in measures]
        return frame[["device", "chip", *parameters, *(n for n in measures[2:])]]

    @property
    def regrets(self) -> pd.DataFrame:
        """A row for each device, chip and draw with a feasible chip."""
        frames = [
            pd.DataFrame(
                {
                    "device": part.label,
                    "chip": chip.role,
                    "draw": np.flatnonzero(chip.counted) + 1,
                    "feasible": np.isfinite(chip.scores[chip.counted]),
                    "score": np.where(np.isfinite(chip.scores), chip.scores, np.nan)[chip.counted],
                    "regret": chip.regrets,
                }
            )
            for part in self.parts
            for chip in part.chips
        ]
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def pairs(self) -> list[Pair]:
        """Pairs of devices; none without a list."""
        pairs = (Pair.of(a, b) for a, b in combinations(self.parts, 2))
        return [pair for pair in pairs if pair is not None]

    @property
    def devices(self) -> pd.DataFrame:
        """A row for each pair of devices: the ratio of their best scores over the draws."""
        rows = []
        for pair in self.pairs:
            r = pair.ratio
            rows.append(
                {
                    **{"pair": pair.label, "draws": r.draws, "median": r.median},
                    **{"p05": r.p05, "p95": r.p95, "least": r.least, "largest": r.largest},
                    **{"better": r.better, "share": r.share, "share_low": r.low},
                    **{"share_high": r.high, "loss_a": r.loss_a, "loss_b": r.loss_b},
                }
            )
        return pd.DataFrame(rows, columns=DEVICES_COLUMNS)

    @property
    def information(self) -> pd.DataFrame:
        """Value of each measurement: for the chip of each device, and for each pair of devices."""
        rows: list[dict[str, Any]] = []
        for part in self.parts:
            for entry, saving in (part.savings or {}).items():
                of_entry = {"question": f"chip of {part.label}", "entry": entry}
                rows.append({**of_entry, "saving": saving.saving, "random_95": saving.random_95})
        for pair in self.pairs:
            by_entry, r2 = pair.shares or ({}, math.nan)
            for entry, share in by_entry.items():
                of_entry = {"question": pair.label, "entry": entry}
                rows.append({**of_entry, "share": share.share, "sign": share.sign, "R2": r2})
        return pd.DataFrame(rows, columns=INFORMATION_COLUMNS).astype({"sign": "Int64"})

    @property
    def assumptions(self) -> pd.DataFrame:
        """A row for each assumption: how it is drawn, or why it is not."""
        rows = [
            {
                **{"name": one.name, "group": one.entry, "sign": "-" if one.known.falls else "+"},
                **{"spread": one.spread, "low": one.known.low, "value": one.known.value},
                **{"high": one.known.high, "median": one.median, "drawn": not one.why_held},
                **{"why_held": one.why_held or None, "reason": one.known.reason},
            }
            for one in self._first.table.all
        ]
        return pd.DataFrame(rows)

    @property
    def draws(self) -> pd.DataFrame:
        """A row for each draw: its random numbers, values and weights, and the best chips."""
        table = self._first.table
        columns: dict[str, Any] = {"draw": np.arange(1, table.n + 1)}
        columns |= {f"u_{name}": u for name, u in zip(table.entries, table.u.T, strict=True)}
        columns |= table.values
        if table.weights is not None:
            names = zip(table.networks, table.weights.T, strict=True)
            columns |= {f"weight_{name}": weight for name, weight in names}
        for part in self.parts:
            columns[f"best_{part.label}{self._unit}"] = part.best
            columns[f"design_{part.label}"] = [part.text_of(at) for at in range(table.n)]
        return pd.DataFrame(columns)

    @property
    def _study(self) -> Study | StudyOfDevices:
        """The study, of a list with the devices that have a chip."""
        first, *others = [part.study for part in self.parts]
        return StudyOfDevices(self.name, (first, *others)) if others else first

    @property
    def _first(self) -> DrawnDevice:
        """The device whose values are listed: the first one with a calibration, else the first."""
        calibrated = (part for part in self.parts if part.study.calibration is not None)
        return next(calibrated, self.parts[0])

    @property
    def _unit(self) -> str:
        criterion = NAMED.get(self.parts[0].settings.by)
        return "_J_s_mm2" if criterion is not None and criterion.unit == EDAP_UNIT else ""

    def certificate(self) -> dict[str, Any]:
        """The certificate, as JSON values; the last field is a checksum of all others."""
        settings = self.parts[0].settings
        content = {
            "study": self.name,
            "uncertainty": settings.model_dump(mode="json"),
            "entries": list(self._first.table.entries),
            "draws_sha256": hashlib.sha256(_csv(self.draws).encode()).hexdigest(),
            "devices": {part.label: _certified(part) for part in self.parts},
        }
        content = json.loads(json.dumps(content))
        return {**content, "checksum": content_checksum(content)}

    def config(self) -> dict[str, Any]:
        """Settings of the study and of the draws, the command, and the stamp."""
        first = self.parts[0]
        stamps = {part.label: stamp_of_answers(part.study).to_json() for part in self.parts}
        return {
            **first.study.to_config(),
            "study": self.name,
            "uncertainty": first.settings.model_dump(mode="json"),
            "command": self.command,
            "stamp": stamps,
        }

    def save(self, folder: str | Path) -> list[Path]:
        """Write all tables, the certificate and the settings; returns the paths of the files.

        Args:
            folder: the folder, which is made if it is not there.
        """
        folder = Path(folder)
        texts = {
            ASSUMPTIONS: _csv(self.assumptions),
            DRAWS: _csv(self.draws),
            CHIPS: _csv(self.table),
            REGRET: _csv(self.regrets),
            **({DEVICES: _csv(self.devices)} if len(self.parts) > 1 else {}),
            INFORMATION: _csv(self.information),
            FILE: json.dumps(self.certificate(), indent=2) + "\n",
            CONFIG: json.dumps(self.config(), indent=2, ensure_ascii=False) + "\n",
        }
        with suppress(ValueError):  # a space that Python made is in no file
            texts[STUDY] = self._study.to_toml(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SUMS).unlink(missing_ok=True)
        for name, text in texts.items():
            with replacing(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
        write_sums(folder, {name: sha256(folder / name) for name in texts})
        return [folder / name for name in texts]

    def __repr__(self) -> str:
        part, chip = self.best
        return f"RobustAnswer({self.name}: {part.label}, R95 {chip.quantile(0.95):.3g})"

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False)


DEVICES_COLUMNS = [
    *("pair", "draws", "median", "p05", "p95", "least", "largest", "better", "share"),
    *("share_low", "share_high", "loss_a", "loss_b"),
]
INFORMATION_COLUMNS = ["question", "entry", "saving", "random_95", "share", "sign", "R2"]


def _certified(part: DrawnDevice) -> dict[str, Any]:
    """Proven facts about a device."""
    return {
        "stamp": stamp_of_answers(part.study).to_json(),
        "best": _numbers(part.best),
        "bound": _numbers(part.bounds),
        "no_chip": [at + 1 for at in np.flatnonzero(np.isinf(part.bounds)).tolist()],
        "chips": {chip.role: part.design(chip) for chip in part.chips},
        "ranks": _ranks(part),
        "value": _finite(part.value),
        "proof": part.proof and part.proof.to_json(part.study.space),
    }


def _ranks(part: DrawnDevice) -> list[int | None]:
    """Rank of the best chip of each draw; None where there is none."""
    found = part.designs[:, 0] >= 0
    ranks = np.full(part.table.n, -1)
    ranks[found] = part.study.space.rank(part.designs[found])
    return [int(rank) if rank >= 0 else None for rank in ranks]


def _numbers(values: Sequence[float] | np.ndarray[Any, Any]) -> list[float | None]:
    return [_finite(float(value)) for value in values]


def _finite(value: float) -> float | None:
    """The value; None if JSON does not know it."""
    return value if math.isfinite(value) else None


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))
