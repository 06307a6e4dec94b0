"""Chips that studies of six networks recommend, executed with the noise of their ADCs.

`python -m experiments.edge_networks.recommended --data DIR` runs the studies of `STUDIES` on the
data of `experiments.edge_networks.data`, executes the chips at their noise and at 1.2 times that,
and writes the published tables. Scores of every simulated chip are kept in DIR, so that a second
start goes on where the first was stopped. `--studies`, `--chips` and `--samples`
make a trial; it needs `--out`.

Studies of voice activity alone show what each remedy for its Fourier transform costs.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks import metrics
from experiments.edge_networks.page import TABLES
from experiments.edge_networks.prediction import assessment
from experiments.edge_networks.study import SHAPES, prepare
from experiments.edge_networks.verdict import Verdict, with_margin
from imcmoo.accuracy.assess import Assessment
from imcmoo.accuracy.circuit_noise import VERSION
from imcmoo.arrays import Floats
from imcmoo.exact.branch_and_bound import prove
from imcmoo.io.checksums import sha256
from imcmoo.io.files import replacing
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.parameters import Designs, defaults_of
from imcmoo.study.catalogue import find_study

CHIPS = {"recogniser": 3}
"""Simulated chips of a network, 10 for others."""
SAMPLES = {"recogniser": 60, "magika": 10, "line_direction": 60, "minilm": 100}
"""Scored samples of a network, all for others."""
FRONT = {"voice_activity": ("/stft/Conv",)}
"""First layer, a Fourier transform, to run on the digital unit."""
DROP = 0.01
CRITERION = "edap_geomean"
VERDICTS, REMEDIES = "edge_six_verdicts", "voice_activity_remedies"
"""Names of the tables: of all chips and networks, and of the chips for voice activity alone."""


@dataclass(frozen=True)
class Recommendation:
    """A study whose recommended chip is executed.

    Args:
        device: its device.
        drop: largest drop of the score of each network. If None, no limit.
        networks: its networks.
        digital: layers on the digital unit by network.
        space: lines of its space.
        table: the table of its results.
    """

    device: str
    drop: float | None = DROP
    networks: tuple[str, ...] = tuple(SHAPES)
    digital: Mapping[str, Sequence[str]] = field(default_factory=dict)
    space: str = ""
    table: str = VERDICTS


def _of_voice(drop: float | None = DROP, **settings: Any) -> Recommendation:
    return Recommendation("sram", drop, ("voice_activity",), table=REMEDIES, **settings)


CIRCUITS = {
    "sram": """rows = [64, 128]
active_rows = 64
weight_coding = "differential"
input_slice_bits = 1
adc_noise = 5
""",
    "sram_more_noise": """rows = [64, 128]
active_rows = 64
weight_coding = "differential"
input_slice_bits = 1
adc_noise = [7, 8]
""",
    "rram": """active_rows = [4, 8, 16]
weight_coding = "differential"
bits_per_cell = 1
input_slice_bits = 1
adc_noise = 1
""",
}
"""Lines of the spaces for six networks: circuits of little noise. To compute that of one circuit
takes ten minutes. With ADC noise of 10 % no SRAM circuit has 15 dB on text."""

STUDIES = {
    "sram": Recommendation("sram", space=CIRCUITS["sram"]),
    "sram_more_noise": Recommendation("sram", space=CIRCUITS["sram_more_noise"]),
    "rram": Recommendation("rram", drop=None, space=CIRCUITS["rram"]),
    "dimc": Recommendation("dimc"),
    "voice_any_accuracy": _of_voice(drop=None),
    "voice_any_remedy": _of_voice(),
    "voice_more_bits": _of_voice(space="rows = 128\nactive_rows = 128\n"),
    "voice_digital_front": _of_voice(digital=FRONT),
}
"""Studies by name."""

PARAMETERS = ("rows", "active_rows", "weight_coding", "input_slice_bits", "adc_bits", "adc_noise")
"""Parameters that decide the errors of a chip."""
COSTS = ("edap_Jsmm2", "energy_J", "latency_s", "area_mm2", "package_mm2")


@dataclass(frozen=True)
class Chip:
    """The proven best chip of a study.

    Args:
        design: its parameters.
        costs: `COSTS`: geometric means over networks, and areas.
    """

    design: Mapping[str, Any]
    costs: Mapping[str, float]

    @property
    def circuit(self) -> Circuit:
        """Parameters that decide its errors."""
        device = memory_cell(str(self.design["device"]))
        columns = {parameter: np.array([value]) for parameter, value in self.design.items()}
        designs = Designs.of_columns(columns, defaults=defaults_of(device.defaults, measured=True))
        (circuit,) = Circuit.of_designs(designs, device, Assumptions())
        return circuit

    def to_row(self) -> dict[str, Any]:
        """Columns of a table."""
        return {name: self.design[name] for name in PARAMETERS if name in self.design} | {
            **self.costs
        }


def proven_chip(path: Path) -> Chip | None:
    """The chip of least EDAP of a study file; None if no chip meets its limits."""
    study = find_study(str(path))
    problem = study.problem()
    proof = prove(problem, CRITERION)
    if proof.levels is None:
        return None
    levels = np.atleast_2d(proof.levels)
    metrics = problem.model.evaluate(levels)
    edap = problem.costs(problem.score(levels, metrics)[0]).edap
    means = (edap, metrics.values["energy"], metrics.values["latency"])
    areas = (1e6 * values[0] for values in (metrics.area_m2, metrics.values["package"]))
    costs = (*(float(np.exp(np.log(values[0]).mean())) for values in means), *areas)
    decoded = problem.space.decode(levels)
    design = {name: column[0].item() for name, column in decoded.items()}
    return Chip(design, dict(zip(COSTS, costs, strict=True)))


def recommended(name: str, folder: Path) -> Chip | None:
    """The chip of a study of `STUDIES`; see `proven_chip`."""
    made = STUDIES[name]
    path = prepare(
        folder,
        device=made.device,
        drop=made.drop,
        beside_rounding=True,
        name=name,
        networks=made.networks,
        space=made.space,
        digital=made.digital,
    )
    return proven_chip(path)


def noises(circuit: Circuit) -> list[int]:
    """Noises at which a chip is executed, percent; one if its sums are exact."""
    stated = round(100 * circuit.adc_noise)
    return list(dict.fromkeys([stated, with_margin(stated)]))


def scores(
    assessed: Assessment, circuit: Circuit, chips: int, folder: Path, name: str
) -> Iterator[Floats]:
    """Scores of each simulated chip; those that are in the folder are not executed again."""
    files = (assessed.path, assessed.data_file, Path(metrics.__file__))
    scored = (assessed.metric_name, assessed.network.output, assessed.seed, assessed.samples)
    about = (VERSION, *map(sha256, files), assessed.weights_sha256, *scored)
    about_chip = repr((*about, sorted(assessed.digital), circuit))
    digest = hashlib.sha256(about_chip.encode()).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    for number in range(chips):
        path = folder / f"{name}-{digest}-{number}.npy"
        if not path.exists():
            made = assessed.scores_of_chip(circuit, number)
            with replacing(path) as temporary, temporary.open("wb") as stream:
                np.save(stream, made)
            print(f"{name}, chip {number}, {circuit.adc_noise:.0%}: {made.mean():.4f}", flush=True)
        yield np.load(path)


def judged(
    assessed: Assessment, circuit: Circuit, chips: int, folder: Path, name: str
) -> Iterator[dict[str, Any]]:
    """A row of each noise of a chip: scores and verdict; one simulated chip if it has no errors.

    Stops once the verdict is certain.
    """
    count = 1 if circuit == circuit.without_errors() else chips
    on_integers = assessed.integer_scores(circuit)
    for percent in noises(circuit):
        noisy = replace(circuit, adc_noise=percent / 100)
        made: list[Floats] = []
        for of_chip in scores(assessed, noisy, count, folder, name):
            made.append(of_chip)
            verdict = Verdict.of_scores(np.array(made), assessed.float_scores, on_integers)
            if verdict.is_settled:
                break
        yield {
            **{"adc_noise": percent, "chips": len(made), "samples": assessed.samples},
            "float": assessed.float_score,
            "integer": on_integers.mean(),
            "accuracy": np.mean(made),
            "chip_min": np.mean(made, axis=1).min(),
            **verdict.to_row(),
            **assessed.shares.to_columns(),
        }


def rows_of(
    name: str, folder: Path, chips: int | None, samples: int | None
) -> Iterator[dict[str, Any]]:
    """Rows of a study: of each network and noise of its chip, or one if there is no chip."""
    chip, made = recommended(name, folder), STUDIES[name]
    about = {"chip": name, "device": made.device, "allowed_drop": made.drop}
    if chip is None:
        yield {**about, "network": None, "adc_noise": None, "verdict": "no chip"}
        return
    about |= chip.to_row()
    for network in made.networks:
        digital = made.digital.get(network, ())
        assessed = assessment(network, folder, samples or SAMPLES.get(network), digital)
        count = chips or CHIPS.get(network, 10)
        for row in judged(assessed, chip.circuit, count, folder / "executed", network):
            yield {**about, "network": network, **row}


def main(argv: Sequence[str] | None = None) -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--studies", nargs="+", default=[*STUDIES], choices=[*STUDIES])
    parser.add_argument("--chips", type=int, metavar="N", help="simulated chips")
    parser.add_argument("--samples", type=int, metavar="N", help="scored samples of each network")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: the published tables")
    args = parser.parse_args(argv)
    trial = args.studies != [*STUDIES] or args.chips or args.samples
    if trial and args.out is None:
        parser.error("a trial needs --out: the published tables are of all studies")
    out = args.out or TABLES
    out.mkdir(parents=True, exist_ok=True)
    for table in (VERDICTS, REMEDIES):
        rows: list[dict[str, Any]] = []
        for name in (name for name in args.studies if STUDIES[name].table == table):
            rows += rows_of(name, args.data, args.chips, args.samples)
        if rows:
            frame = pd.DataFrame(rows)
            first = ["chip", "network", "device", "allowed_drop", "adc_noise"]
            frame = frame[[*first, *(c for c in frame if c not in first)]]
            target = out / f"{table}.csv"
            frame.to_csv(target, index=False, float_format="%.5g", lineterminator="\n")


if __name__ == "__main__":
    main()
