"""What the page says in words, its numbers taken from the tables."""

# A sentence stays on its line of Markdown.
# ruff: noqa: E501

from __future__ import annotations

import pandas as pd

from experiments.silicon.classes import CLASSES, FEW_PRODUCTS, SLOW
from experiments.silicon.random_designs import DESIGNS, SEED, STRICT_SNR_ADC_DB

NETWORK = "resnet18"

Tables = dict[str, pd.DataFrame]


def introduction(folder: str) -> str:
    """What is compared, and how."""
    return f"""
# The physical model beside silicon

Written by `python -m experiments.run silicon`; `--data F` compares another table of the same columns, `--out DIR` writes there instead. Every number here is in a table: [`silicon.csv`]({folder}/silicon.csv) (macro by macro) and beside it `agreement.csv`, `by_class.csv`, `compared.csv`, `chips.csv`, `random_designs.csv`, `random_limits.csv`, `random_bounds.csv`, `random_causes.csv`. Nothing is tuned to a chip; one number is fitted, the periphery factor on area, see below.

## What is compared

Published macros, told by one invocation of their array: `t_core_ns`, and efficiency and density in operations of 1 bit by 1 bit (2 · products · converters · input bits · weight bits per invocation). The shipped table is from the UIUC benchmarking repository (`experiments/silicon/data/README.md`).

- Covered: analog macros of 7 to 45 nm with array, bits, products per conversion and converters published. Every row left out has its reason in the column `reason`.
- All products of a conversion are read at once, each input one level of its bits; every converter converts once: t = t_array + t_adc. Cells, DACs, converters, shift-and-add (none for operands of one cell and one level), drivers, leakage and times are the physical model's own functions and tables.
- Cells hold 1 bit, on average half of full scale; a weight of several bits takes as many cells, summed before the conversion. A level through a resistive cell is charged the model's 10 ns pulse. Its time is not in t_array + t_adc: how long a chip holds a level is not in the table; below is the reading in which it does.
- Beyond the component table: the nearest node, supply (at most half a step of 0.05 V away) and array (at most twice as large or small) stand in, which `reason` says; areas and energies count the macro's own rows and columns. An unpublished supply counts as 0.9 V. Resistive cells that are not ReRAM are taken as RRAM, for the model has no other. A dot product longer than the rows runs along the columns if it fits there. Broken bits (1.5: three values) round up in hardware, not in operations. Inputs above 4 bits at once get the area of a 4-bit DAC.
"""


def _of(frame: pd.DataFrame, quantity: str, **where: str) -> pd.Series:
    """The one line of a table."""
    own = frame[frame["quantity"] == quantity]
    for name, value in where.items():
        own = own[own[name] == value]
    (line,) = (line for _, line in own.iterrows())
    return line


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def verdict(derived: Tables) -> str:
    """What the comparison comes to, for the shipped macros."""
    found = derived["agreement"]
    sar = {"reading": "converter neurosim_sar", "periphery": "fitted"}
    time, efficiency, density = (
        _of(found, name, **sar) for name in ("t_core_ns", "tops_per_W_1b", "tops_per_mm2_1b")
    )
    times = found.loc[found["quantity"] == "t_core_ns", "rank"]
    converters = found["reading"].str.startswith(("default", "converter"))
    medians = found.loc[converters & (found["quantity"] == "tops_per_W_1b"), "median_ratio"]
    return f"""With the default converter the goals for time and TOPS/W are missed and that for the rank of density is met. The converter decides: with NeuroSim's SAR instead, {_percent(time["within"])} of times and {_percent(efficiency["within"])} of TOPS/W are within 3 ×, and the rank correlations of TOPS/W and density are {efficiency["rank"]:.2f} and {density["rank"]:.2f}. That was seen here, so it is no reason to change the default. Over the four converters the median TOPS/W is {medians.min():.2f} to {medians.max():.2f} of what is published. Time does not rank chips in any reading ({times.max():.2f} at best): what test chips are clocked at is their makers' choice.
"""


def readings(factor: float) -> str:
    """About the variants."""
    return f"""The four converter models, the law by which a low supply slows logic (exponent 2 by default; 1.3 is the other end of its band), levels of resistive arrays held for a pulse, and the tabulated node on the other side of a macro's own. A converter that has no model for a macro's resolution leaves it out. The periphery factor, {factor:.2f}, is the median over the shipped covered macros of published area (throughput over density) over the sum of a macro's parts with the default converter; it is the same for every table given. "Fitted to other publications" fits it for each macro without its own publication.
"""


def explanation(derived: Tables, factor: float) -> str:
    """Why the shipped macros are missed, by class."""
    found = derived["by_class"]

    def told(key: str, quantity: str, reading: str = "default") -> pd.Series:
        return _of(found, quantity, **{"class": CLASSES[key][0], "reading": reading})

    few, many = told("few", "tops_per_W_1b"), told("many", "tops_per_W_1b")
    slow, fast = told("slow", "t_core_ns"), told("fast", "t_core_ns")
    sar = told("few", "tops_per_W_1b", "converter neurosim_sar")
    gentle = told("slow", "t_core_ns", "exponent 1.3")
    sram, rram = told("sram", "area"), told("rram", "area")
    dense = told("rram", "tops_per_mm2_1b")
    return f"""The misses have three causes; by class (areas with the factor {factor:.2f}):

- **TOPS/W, few products per conversion.** With more than {FEW_PRODUCTS} products {_percent(many["within"])} are within 3 × (rank correlation {many["rank"]:.2f}); with at most {FEW_PRODUCTS} only {_percent(few["within"])}, the median at {few["median_ratio"]:.2f} of what is published. There the converter is most of the energy (last column of the misses), and the default one costs too much for them: with NeuroSim's SAR {_percent(sar["within"])} of the same rows are within 3 ×, the median at {sar["median_ratio"]:.2f}. The table's `adc_bits` are not always a converter's: it has 10 bits for a 28 nm macro of 512 × 192 cells (rows 1 and 2), where ZigZag's validation has 5 for a 28 nm macro of that size (JSSC 2023, IEEE 9896828). Read the model's TOPS/W of such macros as a lower end.
- **Time, low supply.** Where logic at the macro's supply is {SLOW:g} times slower or more, {_percent(slow["within"])} of {slow["rows"]:.0f} times are within 3 ×, the median {slow["median_ratio"]:.1f} times too slow; elsewhere {_percent(fast["within"])} of {fast["rows"]:.0f}. With the exponent 1.3 it is {gentle["median_ratio"]:.1f} times: the law explains a part only. The rest is open; the published supply may be the array's alone, with converters at a higher one. Times that are too short are of macros whose invocation is 40 to 480 ns long (MRAM, a 5-bit input of 1,152 rows, a secure RRAM, a reconfigurable SAR): slower than the circuit needs to be, by the model.
- **Density, resistive macros.** Parts times the factor are {rram["median_ratio"]:.2f} of the published area in the median of resistive macros and {sram["median_ratio"]:.2f} of SRAM ones: one factor cannot fit both, and it is not made two. The model has no write drivers at high voltage, references, redundancy or test circuits, which small resistive arrays are published with; their modelled TOPS/mm² is {dense["median_ratio"]:.0f} times too high in the median. Rows 3 and 4 are one processor, whose throughput, efficiency and area are those of the whole chip in use.
"""


def chips(frame: pd.DataFrame) -> str:
    """About the second table."""
    neurram = frame[(frame["chip"] == "NeuRRAM") & (frame["quantity"] == "time over 1 bit's")]
    given = neurram[neurram["setting"].str.contains("92 ns")]["model"]
    bare = neurram[~neurram["setting"].str.contains("92 ns")]["model"]

    def ratios(values: pd.Series) -> str:
        return " : ".join(f"{value:.2f}" for value in values)

    measured = ratios(neurram["measured"].iloc[:3])
    return f"""NeuRRAM is of 130 nm, beyond the component table: its times are the model's read of a 256 × 256 array at 45 nm, slices of 4 bits as pulses. With its own 92 ns a pulse and 470 ns a bit of conversion given, the three precisions take {ratios(given)} (measured {measured}): the structure of the model's time is that of the chip. Nothing given, {ratios(bare)}, and a vector takes a few hundredths of the chip's time: the model's pulse and converter are those of another, faster circuit. Jia's chip is of 65 nm: only its ratios between two supplies are compared, with the threshold of 45 nm. TOPS/W are of the chip's own precision; areas are sums of parts, without the factor.
"""


def random_designs(derived: Tables) -> str:
    """What an architect should see in random designs."""
    spread, limits = derived["random_designs"], derived["random_limits"]

    def span(device: str, quantity: str) -> str:
        line = _of(spread, quantity, device=device, designs="all", workload=NETWORK)
        return f"{line['p25']:.2g} to {line['p75']:.2g}"

    def kept(device: str, limit: str) -> str:
        own = limits[(limits["device"] == device) & (limits["limit"] == limit)]
        return f"{100 * own['share'].iloc[0]:.2g} %"

    feasible = _of(spread, "area_mm2", device="rram", designs="feasible", workload=NETWORK)["n"]
    both = {
        device: f"{span(device, 'energy_mJ')} mJ, {span(device, 'latency_ms')} ms, "
        f"{span(device, 'tops_per_W')} TOPS/W"
        for device in ("rram", "sram")
    }
    strict = "all of them, strict SNR"

    def at_once(device: str, designs: str) -> str:
        line = _of(spread, "active_rows", device=device, designs=designs, workload=NETWORK)
        return f"{line['p50']:.0f}"

    def by(device: str, parameter: str, value: int) -> str:
        causes = derived["random_causes"]
        own = causes[(causes["device"] == device) & (causes["workload"] == NETWORK)]
        own = own[(own["parameter"] == parameter) & (own["value"] == value)]
        return f"{own['tops_per_W'].iloc[0]:.2g}"

    return f"""{DESIGNS:,} designs of each device (seed {SEED}), every parameter of the extended space evenly over its levels: 5 nodes, 8 supplies each, arrays of 32 to 1,024, all codings, 3 to 10 ADC bits, layer by layer and pipelined, memory from none to HBM2. "All" are those on which the network runs, "feasible" those that run ResNet18, VGG16, AlexNet and MobileNetV3 and keep a study's default limits.

- The middle half of RRAM designs that run ResNet18 takes {both["rram"]}; of SRAM designs {both["sram"]}. The prototypes this model follows had 0.3 to 2 mJ, 0.7 to 4 ms, 2 to 12 TOPS/W, at 22 and 32 nm: the same orders; 5th to 95th percentiles here are wider. What widens them is how many rows are read at once, for a conversion costs the same whatever it sums (4 rows: {by("rram", "active_rows", 4)} and {by("sram", "active_rows", 4)} TOPS/W in the median of RRAM and SRAM; 256 rows: {by("rram", "active_rows", 256)} and {by("sram", "active_rows", 256)}), and the node (45 nm: {by("rram", "technology_nm", 45)} and {by("sram", "technology_nm", 45)}; 7 nm: {by("rram", "technology_nm", 7)} and {by("sram", "technology_nm", 7)}).
- Feasible designs are less efficient than all, not more: limits on signal to noise and on loss along wires leave those that read few rows at once (median {at_once("rram", "feasible")} instead of {at_once("rram", "all")} for RRAM, {at_once("sram", "feasible")} instead of {at_once("sram", "all")} for SRAM).
- {kept("rram", "all of them")} of RRAM and {kept("sram", "all of them")} of SRAM designs are feasible with the default limit on the SNR of conversion (16 dB); {kept("rram", strict)} and {kept("sram", strict)} with {STRICT_SNR_ADC_DB:g} dB. ({feasible} RRAM designs are few to draw a distribution of: read it as points.) The prototypes had 0.05 to 0.1 % and 22 %. For RRAM each limit alone is kept by a good part of the designs, but hardly any keeps all: a search needs repair or structured sampling.
- A network's TOPS/W and TOPS/mm² lie below what macros are published with at the same precision: those are peaks of an array alone, at full use and without buffers, links and memory. Power does not bind a random design; what binds most is computing, then links.
- An infinite SNR of conversion is that of converters whose step is at most one unit of the sum: nothing is lost.
"""
