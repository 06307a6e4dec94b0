"""The chip of least EDAP that keeps the accuracy of six networks, for several allowed drops.

`python -m experiments.edge_networks.cheapest STUDY.toml --out CSV` reads such a study.
A circuit is a choice of the parameters on which accuracy depends. A descent from random designs
finds the best chip of every circuit. In order of its EDAP, circuits are predicted until each drop
has one, whose remaining parameters are then enumerated. A circuit is left at the first network
that rules it out. The most sensitive layers come first: their noise alone rules out most circuits.

A drop counts from the lower of two scores: in float, and with inputs and weights rounded to 8 bits.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.prediction import circuit_of
from experiments.edge_networks.study import BITS, rounding_alone
from imcmoo.accuracy.circuit_noise import CircuitNoise, cache_folder
from imcmoo.arrays import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.predicted_accuracy import UNSEEN_DROP, Prediction, best_score, predict
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.study.catalogue import find_study
from imcmoo.study.study import Study

CIRCUIT = (
    *("rows", "active_rows", "weight_coding"),
    *("input_slice_bits", "bits_per_cell", "adc_bits"),
)
DROPS = (0.0, 0.01, 0.05)
STARTS = 100
SENSITIVE = 5.0
"""Gain above which the noise of a layer is worked out first."""


def best_of_circuits(problem: AcceleratorProblem) -> pd.DataFrame:
    """A good feasible chip of each circuit, in order of EDAP: `_best` and its parameters."""
    space = problem.space
    free = [space.names.index(name) for name in space.names if name not in CIRCUIT]
    designs = []
    for circuit in space.grid([name for name in space.names if name in CIRCUIT]):
        levels = np.repeat(circuit[None], STARTS, axis=0)
        drawn = space.random(STARTS, np.random.default_rng(0))
        levels[:, free] = drawn[:, free]
        best = _best(problem, levels)
        while best is not None:
            around = space.neighbours(space.unrank(np.array([best["rank"]]))[0])
            alike = np.delete(around == circuit, free, axis=1).all(axis=1)
            better = _best(problem, around[alike])
            if better is None or better["edap_Jsmm2"] >= best["edap_Jsmm2"]:
                designs.append(best)
                break
            best = better
    return _with_parameters(problem, designs)


def _with_parameters(problem: AcceleratorProblem, designs: Sequence[Any]) -> pd.DataFrame:
    frame = pd.DataFrame(designs).sort_values("edap_Jsmm2", ignore_index=True)
    chips = problem.space.decode(problem.space.unrank(frame["rank"].to_numpy()))
    return frame.assign(**chips)


def _best(problem: AcceleratorProblem, levels: Levels) -> dict[str, Any] | None:
    """The feasible design of least EDAP, with geometric means over networks; None without one."""
    metrics = problem.model.evaluate(levels)
    F, G = problem.score(levels, metrics)
    feasible = np.flatnonzero((G <= 0).all(axis=1))
    if not len(feasible):
        return None
    edap = np.exp(np.log(problem.costs(F[feasible]).edap).mean(axis=1))
    at = feasible[np.argmin(edap)]
    energy, latency = (np.exp(np.log(metrics.values[n][at]).mean()) for n in ("energy", "latency"))
    return {
        "edap_Jsmm2": edap.min(),
        "energy_J": energy,
        "latency_s": latency,
        "area_mm2": 1e6 * metrics.area_m2[at],
        "rank": int(problem.space.rank(levels[at : at + 1])[0]),
    }


class Predictions:
    """Predictions of the networks of a study with accuracy data on circuits, with the spread of a
    cell or that of the device."""

    def __init__(self, study: Study, sigma: float | None = None) -> None:
        device = str(study.space.values_of("device")[0])
        usual = memory_cell(device).sigma(Assumptions())
        self.sigma = usual if sigma is None else sigma
        files = study.accuracy or {}
        data = {name: AccuracyData.read(Path(file.path)) for name, file in files.items()}
        # Networks with few weights first: they rule out circuits soonest.
        self.data = dict(sorted(data.items(), key=lambda item: _weights(item[1])))
        self._noise = CircuitNoise(cache_folder())

    def each(self, circuit: pd.Series) -> Iterator[tuple[str, float, Prediction]]:
        """Name, drop and prediction of each network, small networks first."""
        for name, data in self.data.items():
            prediction = predict(data, self._noise_of(data, circuit), BITS)
            yield name, rounding_alone(data) - prediction.accuracy, prediction

    def least_drop(self, circuit: pd.Series) -> float:
        """A lower bound of the largest drop, from the most sensitive layers of each network."""
        bounds = [-np.inf]
        for data in self.data.values():
            few = tuple(layer for layer in data.layers if layer.gain_white > SENSITIVE)
            if not few:
                continue
            part = replace(data, layers=few)
            parts = predict(part, self._noise_of(part, circuit), BITS).parts
            bounds.append(rounding_alone(data) - best_score(data, parts[1:].sum(), BITS))
        return max(bounds)

    def _noise_of(self, data: AccuracyData, circuit: pd.Series) -> Floats:
        return self._noise(data, circuit_of(circuit, self.sigma))


def _weights(data: AccuracyData) -> int:
    return sum(layer.weights.size for layer in data.layers)


def cheapest(
    circuits: pd.DataFrame, predictions: Predictions, drops: Sequence[float] = DROPS
) -> Iterator[tuple[float, pd.Series, dict[str, float]]]:
    """The first circuit that keeps each drop, with the drops of all networks."""
    open_drops = sorted(drops)
    for _, circuit in circuits.iterrows():
        drop_of: dict[str, float] = {}
        if predictions.least_drop(circuit) > open_drops[-1] + UNSEEN_DROP:
            continue
        for name, drop, _ in predictions.each(circuit):
            drop_of[name] = drop
            if drop > open_drops[-1] + UNSEEN_DROP:
                break
        worst = max(drop_of.values())
        print(dict(circuit[list(CIRCUIT)]), f"{circuit['edap_Jsmm2']:.3g}", drop_of, flush=True)
        while open_drops and worst <= open_drops[-1] + UNSEEN_DROP:
            yield open_drops.pop(), circuit, drop_of
        if not open_drops:
            return


def quietest(circuits: pd.DataFrame, predictions: Predictions, n: int) -> Iterator[dict[str, Any]]:
    """Predictions for the n circuits with the least noise in the two smallest networks.

    Of circuits, those with the most ADC bits compete. A row has the chip, and for each network its
    drop, NSR at the logits and the two worst layers.
    """
    precise = circuits.sort_values(["adc_bits", "edap_Jsmm2"], ascending=[False, True])
    rivals = precise.drop_duplicates([name for name in CIRCUIT if name not in ("rows", "adc_bits")])
    noise = [
        max(prediction.nsr for _, _, prediction in islice(predictions.each(circuit), 2))
        for _, circuit in rivals.iterrows()
    ]
    for at in np.argsort(noise)[:n]:
        circuit = rivals.iloc[at]
        row = {"sigma": predictions.sigma, **circuit}
        for name, drop, prediction in predictions.each(circuit):
            worst = np.argsort(prediction.layers)[::-1][:2]
            layers = [predictions.data[name].layers[layer].name for layer in worst]
            shares = prediction.layers[worst] / prediction.nsr
            row[f"drop_{name}"] = drop
            row[f"nsr_dB_{name}"] = 10 * np.log10(prediction.nsr)
            row[f"lost_in_{name}"] = "; ".join(
                f"{layer} {share:.0%}" for layer, share in zip(layers, shares, strict=True)
            )
        print(row, flush=True)
        yield row


def _enumerated(problem: AcceleratorProblem, circuit: pd.Series) -> dict[str, Any]:
    """The best chip of a circuit, all other parameters enumerated."""
    space = problem.space
    free = [name for name in space.names if name not in CIRCUIT]
    at = [space.names.index(name) for name in free]
    start = space.unrank(np.array([circuit["rank"]]))
    levels = np.repeat(start, space.size_of(free), axis=0)
    levels[:, at] = space.grid(free)[:, at]
    best = _best(problem, levels)
    if best is None:
        raise RuntimeError("a feasible chip is not among the designs of its circuit")
    return best


def main(argv: Sequence[str] | None = None) -> None:
    """Write the cheapest chip of each drop, or predictions for the quietest circuits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--sigma", type=float)
    parser.add_argument("--quietest", type=int, metavar="N", help="N circuits with least noise")
    parser.add_argument("--circuits", required=True, type=Path, metavar="CSV", help="kept chips")
    parser.add_argument("--out", required=True, type=Path, metavar="CSV")
    args = parser.parse_args(argv)
    study = find_study(str(args.study))
    free = [n.replace(accuracy=None, max_accuracy_drop=None) for n in study.networks]
    problem = study.replace(networks=free).problem()
    if not args.circuits.exists():
        best_of_circuits(problem).to_csv(args.circuits, index=False)
    circuits = pd.read_csv(args.circuits)
    print(f"{len(circuits)} circuits have a feasible chip", flush=True)
    predictions = Predictions(study, args.sigma)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    if args.quietest:
        frame = pd.DataFrame(quietest(circuits, predictions, args.quietest))
        frame.to_csv(args.out, index=False, float_format="%.5g", lineterminator="\n")
        return
    rows: list[dict[str, Any]] = []
    kept: dict[int, dict[str, Any]] = {}
    for drop, circuit, drop_of in cheapest(circuits, predictions):
        rank = int(circuit["rank"])
        kept[rank] = kept.get(rank) or _enumerated(problem, circuit)
        drops = {f"drop_{name}": value for name, value in drop_of.items()}
        rows.append({"allowed_drop": drop, "sigma": predictions.sigma, **kept[rank], **drops})
        frame = _with_parameters(problem, rows).sort_values("allowed_drop")
        frame.to_csv(args.out, index=False, float_format="%.5g", lineterminator="\n")


if __name__ == "__main__":
    main()
