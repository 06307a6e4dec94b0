"""Enumeration, certificates and their check agree on the best chips under requests."""

import numpy as np
import pytest

from imcmoo.exact.answer import optima_table
from imcmoo.exact.certificate import Certificate
from imcmoo.solve.certify import certify
from imcmoo.solve.check_certificate import Checker
from imcmoo.solve.enumerate import enumerate_study
from imcmoo.study.catalogue import find_study
from tests.scenario.study_text import study_text

SRAM = """rows = 128
cols = 128
active_rows = 128
weight_coding = "differential"
input_slice_bits = 2
input_coding = "pulses"
columns_per_adc = [2, 4]
sample_and_hold = 1
router_groups = 32
glb_KiB = 1024"""
RRAM = """rows = [256, 512]
cols = 512
bits_per_cell = 2
weight_coding = "differential"
input_slice_bits = 1
input_coding = "pulses"
columns_per_adc = 64
tiles_per_group = [16, 32]
glb_KiB = 2048
router_groups = 32"""
SPACES = {
    "sram": SRAM,
    "rram": RRAM,
    # Networks side by side have no bounds, so every design is evaluated.
    "few rram": f"{RRAM}\nsample_and_hold = 0",
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("sram", "alone", 'interrupt = "layer"\nidle = "on"'), marks=pytest.mark.slow),
        ("sram", "alone", 'interrupt = "layer"\nidle = "gated"'),
        ("rram", "together", 'interrupt = "layer"\nidle = "on"'),
        ("few rram", "together", 'sharing = "space"'),
    ],
    ids=["sram-on", "sram-gated", "rram-in-turn", "rram-side-by-side"],
)
def study(request, tmp_path_factory):
    space, deployment, scenario = request.param
    path = tmp_path_factory.mktemp("few") / "few.toml"
    device = space.split()[-1]
    text = study_text(scenario, space=SPACES[space], device=device, deployment=deployment)
    path.write_text(text, encoding="utf-8")
    return find_study(str(path))


def test_proven_optima_are_those_of_the_enumeration(study, tmp_path):
    answer = enumerate_study(study, tmp_path, workers=1, on_progress=lambda *_: None)
    assert answer.optima["regret_minimax"].value >= 0
    checker = Checker(study)
    for name in ("average_power", "area", "load"):
        (proven,) = certify(study, name)
        assert isinstance(proven, Certificate)
        assert proven.gap == 0
        assert proven.value == pytest.approx(answer.optima[name].value, rel=1e-9)
        stated = optima_table(answer, study.problem()).set_index("criterion")["value"]
        assert np.unique(stated[name]) == pytest.approx(proven.value, rel=1e-9)
        checker.claim(proven)
    has_bounds = study.scenario.sharing == "time"
    assert (checker.validate() > 0) == has_bounds
    assert all(counts.all == study.space.size for counts in checker.prove())
