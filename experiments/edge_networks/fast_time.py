"""CPU time of `fast` over that of the network in float, with ADC noise in all layers.

`python -m experiments.edge_networks.fast_time --data DIR NETWORK...` runs both in turn, on one
thread if OPENBLAS_NUM_THREADS is 1, and prints the median of each and of their ratios.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.prediction import DESIGNS, assessment
from imcmoo.accuracy.assess import Assessment
from imcmoo.accuracy.noisy_network import NoisyNetwork
from imcmoo.accuracy.simulation import Simulation
from imcmoo.model.physical.circuit import Circuit

NOISY = DESIGNS[1]
"""A chip whose ADCs add noise to every layer."""


def times(assessed: Assessment, chip: Circuit, repeats: int) -> dict[str, float]:
    """Layers with noise of ADCs, and medians of CPU times of all samples in seconds, of so many
    runs after one that is not counted."""
    simulation = Simulation(assessed.network, chip, assessed.calibration)
    simulation.manufacture(0)
    errors = simulation.disturbances(simulation.analyse())
    noisy, rng = NoisyNetwork(assessed.network, simulation.codings), np.random.default_rng(0)
    measured = np.array(
        [
            (
                _seconds(lambda: assessed.outputs(assessed.network.run_whole)),
                _seconds(lambda: assessed.noisy_outputs(noisy, errors, rng)),
            )
            for _ in range(repeats + 1)
        ]
    )[1:]
    in_float, fast = np.median(measured, axis=0)
    return {
        "layers": sum(e.spread is not None and bool(e.spread.any()) for e in errors.values()),
        "float_s": in_float,
        "fast_s": fast,
        "ratio": float(np.median(measured[:, 1] / measured[:, 0])),
    }


def _seconds(run: Callable[[], Any]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main(argv: Sequence[str] | None = None) -> None:
    """Print a row for each network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("networks", nargs="+", metavar="NETWORK")
    args = parser.parse_args(argv)
    rows = [
        {"network": name} | times(assessment(name, args.data, args.samples), NOISY, args.repeats)
        for name in args.networks
    ]
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3g}".format))


if __name__ == "__main__":
    main()
