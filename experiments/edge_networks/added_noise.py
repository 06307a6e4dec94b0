"""Noise in all layers at once over the sum of the layers' noise that `linear` adds up.

`python -m experiments.edge_networks.added_noise --data DIR --out CSV NETWORK...` reads NETWORK.npz
of DIR. The ratio is that of noise over signal at the logits, on the samples on which the gains are
measured. A gain is the mean of three draws; `linear` takes one of white noise. Part of the error is
alike in all draws of the noise: the mean of the logits differs from those without noise, for
example by a factor.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.page import NETWORKS
from experiments.edge_networks.prediction import assessment
from imcmoo.accuracy.sensitivity import Probe
from imcmoo.arrays import Floats

SNR_DB = (16, 20, 30)
"""Signal over noise of each layer."""
DRAWS, GAIN_DRAWS = 5, 3
"""Draws of the noise in all layers, and of that in one."""


def added(name: str, folder: Path) -> Iterator[dict[str, Any]]:
    """A row for each kind and power of noise."""
    assessed = assessment(name, folder, None)
    probe = Probe(assessed)
    reference = assessed.reference(probe.probed)[assessed.network.logits]
    for kind in ("white", "static"):
        samples, static = slice(probe.probed), kind == "static"
        gain = sum(probe.gain(*each, static=static, draws=GAIN_DRAWS) for each in probe.walk())
        for snr in SNR_DB:
            nsr = 10 ** (-snr / 10)
            rngs = (np.random.default_rng([draw, snr]) for draw in range(DRAWS))
            runs = [probe.everywhere(nsr, rng, samples, static=static) for rng in rngs]
            draws = [assessed.noise_to_signal(run) for run in runs]
            logits = np.stack([run[assessed.network.logits] for run in runs])
            ratio = 10 * np.log10(np.array([np.mean(draws), *draws]) / (gain * nsr))
            yield {
                **{"network": name, "noise": kind, "layer_snr_dB": snr, "samples": probe.probed},
                **{"draws": DRAWS, "over_sum_dB": ratio[0]},
                **{"least_draw_dB": ratio[1:].min(), "largest_draw_dB": ratio[1:].max()},
                "sum_dB": 10 * np.log10(gain * nsr),
                "share_alike": share_alike(logits, reference),
                "scale": scale(logits, reference),
            }


def share_alike(logits: Floats, reference: Floats) -> float:
    """Share of the error power of logits, shape (draws, n, …), that is the same in every draw;
    corrected for the number of draws, so that it can be slightly negative."""
    power = ((logits - reference) ** 2).mean()
    return float(1 - logits.var(axis=0, ddof=1).mean() / power)


def scale(logits: Floats, reference: Floats) -> float:
    """Least-squares factor from the logits without noise, less their mean over the samples, to
    those with noise, shape (draws, n, …), averaged over the draws; 1 if noise does not shrink them.
    """
    signal = reference - reference.mean(axis=0)
    return float((logits.mean(axis=0) * signal).sum() / (signal**2).sum())


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--out", required=True, type=Path, metavar="CSV")
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    args = parser.parse_args()
    rows = [row for name in args.networks for row in added(name, args.data)]
    pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.3g", lineterminator="\n")


if __name__ == "__main__":
    main()
