"""Exact optima of the physical studies: costs, efficiency, SNR and bottlenecks by network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.publish import with_study
from imcmoo.arrays import Floats
from imcmoo.exact.certificate import read_certificates
from imcmoo.exact.enumeration import Optimum
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.locks import folder_lock
from imcmoo.io.units import to_display
from imcmoo.model.metrics import tera_operations_per
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.criteria import MINIMAX, SINGLE_NETWORK
from imcmoo.solve.certify import certify
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

NAMES = tuple(
    f"{n}_workload_{device}_physical" for n in ("four", "nine") for device in ("rram", "sram")
)

CRITERIA = ("edap_geomean", MINIMAX)
MACROS_BY = ("macros_per_tile", "tiles_per_group", "router_groups")
MACRO = ("cells", "dac", "adc", "shift_add")
"""Components of a macro's energy, as published ADC shares count it."""
SHARES = {"adc": "adc", "dac": "dac", "cell": "cells"}
"""Components whose share is reported, by the prefix of its column."""
HBM2_BITS = 2048
"""Width of the memory interface `hbm2`."""


Optima = Mapping[str, Optimum]
"""Exact optima by criterion, with those of each network alone."""


def proven_optima(study: Study, results: Path) -> dict[str, Optimum]:
    """Prove the optima by each of `CRITERIA`, and each network's single-network optimum.

    Certificates are kept in `proven`; those of the same problem are not proven again.
    """
    space, folder = study.space, results / "proven" / study.name
    optima: dict[str, Optimum] = {}
    with folder_lock(folder):
        for criterion in CRITERIA:
            stored = tuple(read_certificates(folder).values())
            for proof in certify(study, criterion, known=stored):
                proof.save(folder / proof.criterion)
                rank = space.rank(space.levels_of(proof.design))
                optima[proof.criterion] = Optimum(proof.value, rank)
    return optima


def single_network_optima(study: Study, optima: Optima) -> Floats:
    """Least EDAP of each network on the chip that is best for it alone, shape (W,)."""
    return np.array([optima[f"{SINGLE_NETWORK}{name}"].value for name in study.names])


def optimum_table(study: Study, optima: Optima) -> pd.DataFrame:
    """Evaluate the exact optimum by each of `CRITERIA` on every network.

    The first optimum in the space represents those that tie.

    Returns:
        A row per criterion and network: design, macros, cells, area_mm2, package_mm2 (with DRAM),
        energy_J, latency_s, interval_s, power_W and W_per_mm2 (on the chip, over the interval),
        tops (2 · multiply-accumulates / interval), tops_per_W (DRAM included), tops_per_mm2,
        over_own_best (EDAP), snr_adc_dB, snr_dev_dB and snr_dB (of conversion, of cells, of both),
        adc_share, dac_share and cell_share (of the macros' energy), occupied_share (of the cells
        there are), hbm2_share (DRAM traffic, of an HBM2 interface's peak rate), streamed, bound_by.
    """
    alone = single_network_optima(study, optima)
    chips = {
        criterion: _chip(study, study.space.unrank(optima[criterion].ranks[:1]), alone)
        for criterion in CRITERIA
    }
    table = pd.concat(chips, names=["criterion"]).reset_index(level="criterion")
    return with_study(study, table.reset_index(drop=True))


def _chip(study: Study, levels: Levels, alone: Floats) -> pd.DataFrame:
    """Evaluate one design on every network, whose single-network optima are given."""
    model = study.cost_model()
    assert isinstance(model, PhysicalEvaluator)
    designs, (design,) = model.in_full(levels), study.space.designs(levels)
    definition = study.problem().edap
    area_mm2 = float(to_display("m2", designs.area_m2)[0])
    tops = tera_operations_per(model.macs, designs.interval_s[0])
    cells = designs.cells[0]
    dram = PhysicalTable.load().look_up("dram", width_bits=np.array([HBM2_BITS]))
    hbm2_bits_per_s = float(dram["pin_rate"][0]) * HBM2_BITS
    return pd.DataFrame(
        {
            **design,
            "workload": model.workload_names,
            "macros": math.prod(design[name] for name in MACROS_BY),
            "cells": int(cells),
            "area_mm2": area_mm2,
            "package_mm2": area_mm2 + float(to_display("m2", designs.dram_m2)[0]),
            "energy_J": designs.energy_J[0],
            "latency_s": designs.latency_s[0],
            "interval_s": designs.interval_s[0],
            "power_W": designs.power_W[0],
            "W_per_mm2": designs.power_W[0] / area_mm2,
            "tops": tops,
            "tops_per_W": tera_operations_per(model.macs, designs.energy_J[0]),
            "tops_per_mm2": tops / area_mm2,
            "over_own_best": definition.of(model.evaluate(levels).values)[0] / alone,
            "snr_adc_dB": designs.snr_adc_dB[0],
            "snr_dev_dB": designs.snr_dev_dB[0],
            "snr_dB": designs.snr_dB[0],
            **_energy_shares(model, levels),
            "occupied_share": designs.occupied_cells[0] / cells,
            "hbm2_share": designs.dram_bits[0] / designs.interval_s[0] / hbm2_bits_per_s,
            "streamed": designs.streamed[0],
            "bound_by": [CAUSES[cause] for cause in designs.bound_by[0]],
        }
    )


def _energy_shares(model: PhysicalEvaluator, levels: Levels) -> dict[str, Floats]:
    """Shares of components in the energy of the macros of one design, shape (W,) each."""
    parts = model.breakdown(levels)
    owner = np.array([workload for workload, _ in parts.layers])
    energy = np.nan_to_num(parts.energy_J[0])
    by_network = np.array([energy[owner == name].sum(axis=0) for name in model.workload_names])
    of_parts = dict(zip(parts.components, by_network.T, strict=True))
    macro = np.stack([of_parts[name] for name in MACRO], axis=1).sum(axis=1)
    return {f"{share}_share": of_parts[name] / macro for share, name in SHARES.items()}
