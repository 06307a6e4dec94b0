"""Accuracy of the selected design, predicted and executed (`accuracy.csv`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imcmoo.accuracy import accuracy_packages
from imcmoo.answers.outcome import Outcome
from imcmoo.io.checksums import sha256
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.parameters import Designs, defaults_of
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import BITS

if TYPE_CHECKING:
    from imcmoo.model.physical.circuit import Circuit

CHIPS = 2
MACS = 1e10
"""Approximate multiply-accumulates executed per chip; sets the number of samples."""
FEWEST_SAMPLES, MOST_SAMPLES = 25, 100


def accuracy_table(outcome: Outcome) -> pd.DataFrame:
    """Accuracy of networks with accuracy data, one row each.

    Columns: network; float and linear, of all scored samples; allowed (see `lowest_allowed`),
    float_of_samples, integer_of_samples, exact, exact_low and exact_high (95 % interval over
    samples), exact_only, samples and chips, of the executed samples; and a note if the executed
    score is below the allowed one, or network or samples are not where they were imported from.
    """
    rows = []
    assert outcome.costs is not None, "the physical model has a breakdown"
    drops = outcome.costs.details["accuracy_drop"][0]
    for name, file in (outcome.study.accuracy or {}).items():
        data = AccuracyData.read(Path(file.path))
        row: dict[str, Any] = {
            "network": name,
            "float": data.float_score,
            "allowed": None,
            "linear": data.float_score - drops[outcome.workloads.index(name)],
        }
        row |= _executed(outcome, name, data, Path(file.path).parent)
        row["allowed"] = lowest_allowed(row, file.max_drop)
        rows.append(row | {"note": row["note"] or below_allowed(row)})
    return pd.DataFrame(rows).astype({"allowed": float})


def lowest_allowed(row: Mapping[str, Any], max_drop: float | None) -> float | None:
    """Lowest allowed score of the executed samples; None without a limit or an execution.

    It counts from the lower score of float and integers on the same samples: the prediction limits
    the cost of rounding, on all samples.
    """
    if max_drop is None or "exact" not in row:
        return None
    return float(min(row["float_of_samples"], row["integer_of_samples"]) - max_drop)


def below_allowed(row: Mapping[str, Any]) -> str:
    """Note on an executed score (`exact`) below the allowed one; else empty."""
    allowed, exact = row["allowed"], row.get("exact")
    # The tolerance is for rounding of a difference.
    if allowed is None or exact is None or exact >= allowed - 1e-9:
        return ""
    where = "within" if row["exact_high"] >= allowed else "outside"
    return (
        f"executed {exact:.3f}, below the allowed {allowed:.3f} "
        f"({where} the interval {row['exact_low']:.3f} to {row['exact_high']:.3f})"
    )


def _executed(outcome: Outcome, name: str, data: AccuracyData, folder: Path) -> dict[str, Any]:
    network, samples = (folder / data.about[kind] for kind in ("network", "data"))
    for kind, path in (("network", network), ("data", samples)):
        if not path.is_file() or sha256(path) != data.about[f"{kind}_sha256"]:
            return {"note": f"not executed: {path} is not there, or another file"}
    with accuracy_packages():
        from imcmoo.accuracy.assess import Assessment

    model = outcome.problem.model
    macs = model.macs[outcome.workloads.index(name)] if model.macs is not None else MACS
    count = min(MOST_SAMPLES, max(FEWEST_SAMPLES, int(MACS / macs)))
    assessed = Assessment(
        network,
        samples,
        metric=data.about["metric"],
        output=data.about["output"],
        samples=count,
        seed=data.about["seed"],
        layers_digital=(outcome.study.layers_digital or {}).get(name, ()),
    )
    if data.about.get("weights_sha256", "") != assessed.weights_sha256:
        return {"note": f"not executed: the weights beside {network} are others"}
    chip = _chip(outcome, name)
    chips = 1 if chip == chip.without_errors() else CHIPS
    exact, _ = assessed.on_chips(chip, chips)
    return {
        "float_of_samples": exact.in_float,
        "integer_of_samples": exact.on_integers,
        "exact": exact.accuracy,
        "exact_low": exact.accuracy_low,
        "exact_high": exact.accuracy_high,
        "exact_only": exact.exact_only,
        "samples": assessed.samples,
        "chips": chips,
        "note": "",
    }


def _chip(outcome: Outcome, name: str) -> Circuit:
    columns = outcome.problem.model.space.decode(outcome.design)
    device = memory_cell(str(columns["device"][0]))
    designs = Designs.of_columns(columns, defaults=defaults_of(device.defaults, measured=True))
    (chip,) = Circuit.of_designs(designs, device, Assumptions())
    bits = (outcome.study.precision or {}).get(name, (BITS, BITS))
    clip = (outcome.study.weight_clip or {}).get(name, 1.0)
    return replace(chip, input_bits=bits[0], weight_bits=bits[1], weight_clip=clip)
