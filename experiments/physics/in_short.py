"""The beginning of the page of the physical studies: which device, and which chip."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.paper.markdown import area, number, table, times
from experiments.physics.answers import GEOMEAN, Frames, device_of, study_label
from experiments.physics.optima import FITTED_PERIPHERY
from experiments.physics.variations import CONVERTER, PUBLISHED_PERIPHERY
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label

MAIN = "nine"
"""In the names of the studies whose chips are recommended, where there are any."""

LIMIT_MM2 = 800.0
AN = (8, 11)
"""Numbers that are read with a vowel at the beginning."""


def in_short(frames: Frames, others: Mapping[str, Frames]) -> str:
    """Which device for how many networks, and one chip for all networks.

    Args:
        frames: tables by name.
        others: the same with each other converter model that was asked.
    """
    optima = frames["optima"]
    said = ["## In short\n"]
    for networks in dict.fromkeys(_networks(s) for s in optima["study"]):
        pair = better_device(optima, networks)
        if pair is not None:
            said.append(_which_device(networks, *pair))
            if "variations" in frames:
                said[-1] += _with_converters(frames["variations"], networks)
                said[-1] += _with_periphery(frames["variations"], networks)
            said[-1] += "\n"
    said.append(_recommended(optima, {name: other["optima"] for name, other in others.items()}))
    said.append(
        "The chip of each device by minimax regret, that is, the one on which the network that "
        "loses most against a chip of its own loses least:\n"
    )
    said += [_chip(chip_of(optima, study)) for study in main_studies(optima)]
    said.append(_signal_to_noise(optima))
    return "\n".join(said)


def main_studies(optima: pd.DataFrame) -> list[str]:
    """The studies whose chips are recommended, one of each device."""
    every = list(dict.fromkeys(optima["study"]))
    return [s for s in every if MAIN in s] or every


def chip_of(optima: pd.DataFrame, study: str, criterion: str = MINIMAX) -> pd.DataFrame:
    """The rows of one optimum, by network."""
    return optima[(optima["study"] == study) & (optima["criterion"] == criterion)]


def better_device(optima: pd.DataFrame, networks: str) -> tuple[pd.Series, float] | None:
    """EDAP of the RRAM chip over that of the SRAM chip, both best by geometric mean, by network,
    and its geometric mean; None where there are not both."""
    of_device = {
        device_of(study): chip_of(optima, study, GEOMEAN).set_index("workload")
        for study in dict.fromkeys(optima["study"])
        if _networks(study) == networks
    }
    if set(of_device) != {"RRAM", "SRAM"}:
        return None
    edap = {d: c["energy_J"] * c["latency_s"] * c["area_mm2"] for d, c in of_device.items()}
    ratios = edap["RRAM"] / edap["SRAM"]
    return ratios, float(np.exp(np.log(ratios).mean()))


def recommended(optima: pd.DataFrame) -> str:
    """The study of the better device."""
    main = main_studies(optima)
    pair = better_device(optima, _networks(main[0]))
    if pair is None:
        return main[0]
    wanted = "RRAM" if pair[1] < 1 else "SRAM"
    return next(s for s in main if device_of(s) == wanted)


def _networks(study: object) -> str:
    """How many networks, as the name of a study begins."""
    return str(study).partition("_")[0]


def _which_device(networks: str, ratios: pd.Series, mean: float) -> str:
    better = "RRAM" if mean < 1 else "SRAM"
    by_network = ", ".join(f"{label(str(n))} {times(v)}" for n, v in ratios.items())
    return (
        f"**{better} for {networks} networks**: the geometric-mean EDAP of the best RRAM chip is "
        f"{times(mean)} that of the best SRAM chip. Network by network: {by_network}. What turns "
        "this round is below, under *What survives*."
    )


def _with_converters(variations: pd.DataFrame, networks: str) -> str:
    """What becomes of the ratio with other converter models."""
    own = variations[variations["kind"] == CONVERTER]
    own = own[own["study"].map(_networks) == networks]
    by_device = own.assign(device=own["study"].map(device_of)).pivot_table(
        index="variation", columns="device", values="edap_geomean", sort=False
    )
    if set(by_device) != {"RRAM", "SRAM"}:
        return ""
    ratios = by_device["RRAM"] / by_device["SRAM"]
    told = ", ".join(f"{times(v)} with `{name}`" for name, v in ratios.items())
    return f" With another converter model it is {told} (found by searches)."


def _with_periphery(variations: pd.DataFrame, networks: str) -> str:
    """The same with macros as large as published ones."""
    own = variations[variations["variation"] == PUBLISHED_PERIPHERY]
    own = own[own["study"].map(_networks) == networks]
    of_device = {device_of(r["study"]): r for r in own.to_dict("records")}
    if set(of_device) != {"RRAM", "SRAM"}:
        return ""
    said = f" With macros {FITTED_PERIPHERY:g} times the sum of their parts, as published ones are "
    said += "in the median, "
    none = [device for device, row in of_device.items() if not bool(row["feasible"])]
    if none:
        return said + f"no {' and no '.join(none)} chip is found within the limits."
    ratio = of_device["RRAM"]["edap_geomean"] / of_device["SRAM"]["edap_geomean"]
    return said + f"the ratio is {times(ratio)}."


def _recommended(optima: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> str:
    """The chip of the better device, network by network, and what other converters make of it."""
    study = recommended(optima)
    chip = chip_of(optima, study)
    chips = [chip, *(chip_of(o, study) for o in others.values() if study in set(o["study"]))]
    chips = [c for c in chips if list(c["workload"]) == list(chip["workload"])]
    lines = []
    for told, column, scale, written in (
        ("EDAP over own best", "over_own_best", 1.0, times),
        ("energy, mJ", "energy_J", 1e3, number),
        ("latency, ms", "latency_s", 1e3, number),
    ):
        values = np.array([scale * c[column].to_numpy() for c in chips])
        lines.append([told, *(written(v) for v in values[0])])
        if len(chips) > 1:
            spans = zip(values.min(axis=0), values.max(axis=0), strict=True)
            cells = [f"{written(low)} to {written(high)}" for low, high in spans]
            lines.append([f"{told}, by converter model", *cells])
    models = ", ".join(f"`{name}`" for name in others)
    areas = [c["area_mm2"].iloc[0] for c in chips]
    beside = (
        f" By converter model: from least to most with this page's and {models}, each with the "
        f"chip that is recommended with it, of {min(areas):.0f} to {area(max(areas))}."
    )
    return (
        f"One chip to build, of {study_label(study)}, by minimax regret: {_size(chip)}."
        + (beside if len(chips) > 1 else "")
        + "\n\n"
        + table(["", *(label(n) for n in chip["workload"])], lines)
    )


def _size(chip: pd.DataFrame) -> str:
    first = chip.iloc[0]
    watts = f"{number(chip['power_W'].min())} to {number(chip['power_W'].max())} W"
    return (
        f"{area(first['area_mm2'])}, {first['macros']:,.0f} macros, {first['cells'] / 1e6:.1f} "
        f"million cells, {watts} on the chip at full rate"
    )


def _chip(chip: pd.DataFrame) -> str:
    """A chip in sentences."""
    first = chip.iloc[0]
    paid = chip.set_index("workload")["over_own_best"]
    least, most = str(paid.idxmin()), str(paid.idxmax())
    shared, bits = int(first["columns_per_adc"]), int(first["adc_bits"])
    each = "column" if shared == 1 else f"{shared} columns"
    return (
        f"**{study_label(first['study'])}**: {area(first['area_mm2'])} of {first['rows']:.0f} × "
        f"{first['cols']:.0f} arrays ({first['active_rows']:.0f} rows at once), {article(bits)} "
        f"{bits}-bit converter for every {each}, {first['glb_KiB']:.0f} KiB of buffer, "
        f"{first['dram']} memory, {first['voltage_V']:g} V. It runs at "
        f"{number(chip['tops_per_W'].min())} to {number(chip['tops_per_W'].max())} TOPS/W and "
        f"costs each network {times(paid[least])} ({label(least)}) to {times(paid[most])} "
        f"({label(most)}) the EDAP of the best chip for it alone. With macros "
        f"{FITTED_PERIPHERY:g} times the sum "
        "of their parts, as [published ones](silicon.md) are in the median, the same chip would be "
        f"{area(first['area_periphery_mm2'])}{_too_large(first['area_periphery_mm2'])}.\n"
    )


def _signal_to_noise(optima: pd.DataFrame) -> str:
    """On what the limit is, and what it leaves out."""
    told = []
    for study in main_studies(optima):
        chip = chip_of(optima, study)
        told.append(
            f"{decibel(chip['snr_dB'].min())} to {decibel(chip['snr_dB'].max())} dB "
            f"({study_label(study)})"
        )
    return (
        "The limit on signal to noise is on conversion alone. With the errors of cells it is "
        f"{', '.join(told)}. That is told and not limited, for chips with such cells are published "
        "and work. So accuracy on an RRAM chip rests on networks trained with its errors.\n"
    )


def _too_large(area_mm2: float) -> str:
    return ", more than the limit" if area_mm2 > LIMIT_MM2 else ""


def article(n: int) -> str:
    """The indefinite article before a number."""
    return "an" if n in AN else "a"


def decibel(value: float) -> str:
    """Decibels; infinite where nothing is lost."""
    return "∞" if np.isinf(value) else number(value)
