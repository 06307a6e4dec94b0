"""Loophole checks: what best chips of rougher models were seen to exploit."""

from __future__ import annotations

import pandas as pd

from experiments.markdown import area, decibel, number, percent, times
from experiments.physics.summary import device_of
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.report.labels import label
from problems.physical import VOLTAGE

Check = tuple[str, bool, str]
"""Loophole, whether an optimum exploits it, and the number that shows it."""

MANY_ROWS, FEW_BITS, TOO_CHEAP_ABOVE, SMALL_MM2, SACRIFICED = 1024, 3, 8, 10.0, 10.0


def loopholes(optima: pd.DataFrame) -> list[Check]:
    """Check the optima of all studies and criteria for each loophole."""
    return [*_circuits(optima), *_chips(optima)]


def _circuits(optima: pd.DataFrame) -> list[Check]:
    supply, bits = optima["voltage_V"], optima["adc_bits"]
    levels = optima[optima["input_coding"] == "levels"]["dac_share"]
    sram = optima[optima["study"].map(device_of) == "SRAM"]["cell_share"]
    sar = optima[optima["adc_model"] == "neurosim_sar"]["adc_bits"]
    dac = f"at least {percent(levels.min())} of the macros' energy where inputs are levels"
    return [
        (
            "the lowest supply",
            bool((supply == min(VOLTAGE.values)).any()),
            f"{supply.min():g} to {supply.max():g} V of {min(VOLTAGE.values):g} to "
            f"{max(VOLTAGE.values):g} V",
        ),
        (
            "the highest supply (a corner: with exponent 1.3 of speed it is not best)",
            bool((supply == max(VOLTAGE.values)).any()),
            f"{_share(optima, supply == max(VOLTAGE.values))} of the optima are at "
            f"{max(VOLTAGE.values):g} V",
        ),
        (
            "converters of inputs that cost nothing",
            bool((levels <= 0).any()),
            "none converts levels" if levels.empty else dac,
        ),
        (
            "SRAM cells that read for nothing",
            bool((sram <= 0).any()),
            "no SRAM here"
            if sram.empty
            else f"at least {percent(sram.min())} of the macros' energy",
        ),
        (
            f"{MANY_ROWS:,} rows read at once",
            bool((optima["active_rows"] >= MANY_ROWS).any()),
            f"at most {optima['active_rows'].max():,.0f}",
        ),
        (
            f"converters of {FEW_BITS} bits",
            bool((bits <= FEW_BITS).any()),
            f"{bits.min():.0f} to {bits.max():.0f} bits, conversion at least "
            f"{decibel(optima['snr_adc_dB'].min())} dB",
        ),
        (
            f"more than {TOO_CHEAP_ABOVE} bits where `neurosim_sar` makes them too cheap",
            bool((sar > TOO_CHEAP_ABOVE).any()),
            "another converter model here" if sar.empty else f"at most {sar.max():.0f} bits",
        ),
        (
            "cells of many levels that cannot be told apart",
            bool((optima["bits_per_cell"] > 2).any()),
            f"at most {optima['bits_per_cell'].max():.0f} bits a cell; with cells' errors at least "
            f"{decibel(optima['snr_dB'].min())} dB",
        ),
    ]


def _chips(optima: pd.DataFrame) -> list[Check]:
    wide = optima[optima["dram"] == "hbm2"]
    interface_mm2 = Assumptions().hbm2_interface_m2.value * 1e6
    held = optima[~optima["streamed"].astype(bool)]["occupied_share"]
    small = optima[optima["area_mm2"] == optima["area_mm2"].min()]
    least, worst = small["area_mm2"].min(), small.nlargest(1, "over_own_best").iloc[0]
    return [
        (
            "an HBM2 interface that costs no area",
            interface_mm2 <= 0,
            "none has one"
            if wide.empty
            else f"{_share(optima, optima['dram'] == 'hbm2')} of the optima have one: "
            f"{interface_mm2:g} mm² (assumed; varied above), "
            f"{percent(interface_mm2 / wide['area_mm2'].max())} to "
            f"{percent(interface_mm2 / wide['area_mm2'].min())} of the chip; of its bandwidth a "
            f"network uses {percent(wide['hbm2_share'].min())} to "
            f"{percent(wide['hbm2_share'].max())}",
        ),
        (
            "a limit on power that counts the memory package",
            False,
            f"the limit is on the chip's: at most {number(optima['W_per_mm2'].max())} W/mm²",
        ),
        (
            "more cells than there are",
            bool((held > 1 + 1e-9).any()),
            "all weights are streamed"
            if held.empty
            else f"at most {percent(held.max())} of a chip's are occupied by weights that stay",
        ),
        (
            "tiny chips that sacrifice a network",
            bool(least < SMALL_MM2 and worst["over_own_best"] > SACRIFICED),
            f"the smallest, {device_of(worst['study'])} by {label(worst['criterion'])}, is "
            f"{area(least)}; there {label(worst['workload'])} is {times(worst['over_own_best'])} "
            "its own best. Whom larger chips sacrifice is below",
        ),
    ]


def _share(optima: pd.DataFrame, mask: pd.Series) -> str:
    """Format how many of the designs are in a selection."""
    designs = ["study", "criterion"]
    selected = optima[mask].drop_duplicates(designs)
    return f"{len(selected)} of {len(optima.drop_duplicates(designs))}"
