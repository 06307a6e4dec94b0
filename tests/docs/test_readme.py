"""The numbers of README follow from published tables."""

import pandas as pd

from experiments.compare.comparison import PRIMARY
from experiments.edge_networks.page import verdict_by_network
from experiments.markdown import two_digits
from experiments.paper.questions import read_studies
from experiments.paper.study import summary
from experiments.physics.devices import EXTREMES
from experiments.physics.page import chip_of, device_ratio, ratio_text
from tests import ROOT

PUBLISHED = ROOT / "results" / "published"


def table(name):
    return pd.read_csv(PUBLISHED / f"{name}.csv")


def of_the_chip_for_nine_networks():
    chip = chip_of(table("physics/optima"), "nine_workload_sram_physical")
    one, over = chip.iloc[0], chip["over_own_best"]
    span = f"{over.min():.2f} to {over.max():.2f} times the EDAP"
    shared = one["columns_per_adc"]
    yield f"each of nine networks has {span} of the best chip for it alone"
    yield (
        "The shared chip, whose largest factor is the least possible, has "
        f"{one['area_mm2']:.0f} mm²: {one['macros']:.0f} macros of {one['rows']:.0f} × "
        f"{one['cols']:.0f}, one {one['adc_bits']:.0f}-bit ADC per "
        f"{'column' if shared == 1 else f'{shared:.0f} columns'}, {one['voltage_V']:.1f} V"
    )


def of_devices():
    ratio = ratio_text(device_ratio(table("physics/devices"), "nine", EXTREMES[0]))
    yield f"RRAM (resistive) has {ratio.removesuffix(' ×')} times the EDAP of analog SRAM"
    chips = table("devices/chips").query("question == 'nine' and state == 'as assumed'")
    area = chips.set_index("device")["area_mm2"]
    yield f"the chip must hold the largest network ({area['rram']:,.0f} mm²)"
    digital = table("devices/ranges").query("device == 'dimc'").set_index("question")
    of_nine = digital.loc["nine"]
    span = " to ".join(two_digits(of_nine[end]) for end in ("low", "high"))
    yield f"digital SRAM has {span} times the EDAP of analog SRAM (geometric mean)"
    chip = f"a chip of {area['dimc']:.3g} mm²"
    yield f"At the assumed costs it is {of_nine['assumed']:.2f}, with {chip}"
    verdicts = [*verdict_by_network(table("accuracy/edge_six_verdicts"), "sram").values()]
    works = verdicts.count("works")
    yield (
        "With the noise of ADCs and cells simulated, [one analog SRAM chip](docs/edge_six.md) "
        "works on all six small trained networks"
    )
    assert works == len(verdicts) == 6


def of_the_paper():
    gains = summary(read_studies(PUBLISHED))
    assert gains["over_ga"] == 0
    yield f"finds the optimum of the paper's score, within {PRIMARY:,} designs"
    gain = f"{100 * gains['from_largest']:.0f} %"
    yield f"scores up to {gain} lower (better) than choosing one parameter after the other"
    ledger = table("ledger")
    power = ledger.loc[ledger["quantity"].str.startswith("power: "), "value"]
    yield f"draw up to {power.max() / 1e3:.0f} kW"


def of_macros():
    rows = table("silicon/agreement").query("reading == 'default' and calibration == 'none'")
    texts = {
        "clean": "{} latencies, {} values of TOPS/W and {} areas",
        "as is": "{}, {} and {}",
    }
    for state, text in texts.items():
        chosen = rows[rows["state"] == state].set_index("quantity")
        yield text.format(
            *(
                f"{r.within * r.rows:.0f} of {r.rows:.0f}"
                for _, r in chosen.loc[["t_core_ns", "tops_per_W_1b", "area"]].iterrows()
            )
        )


def test_the_readme_is_short_and_states_the_published_numbers():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 110
    text = " ".join(" ".join(lines).split())
    parts = (of_the_chip_for_nine_networks, of_devices, of_the_paper, of_macros)
    assert not [sentence for part in parts for sentence in part() if sentence not in text]


def test_the_exact_ratios_of_the_first_study_are_the_published_ones():
    over = chip_of(table("physics/optima"), "four_workload_sram_physical")["over_own_best"]
    start = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    assert f"its ratios, {over.min():.2f} to {over.max():.2f}" in start
