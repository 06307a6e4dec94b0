"""The examples in docstrings of answers, solvers, questions and verbs run."""

import doctest
from importlib import import_module

import pytest

from imcmoo import Study
from imcmoo.solve.certify import certify
from imcmoo.solve.solve import solve, solve_all
from imcmoo.study.vary import vary
from tests import ROOT

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for name in ("answers", "solve", "ask", "api.py")
    for path in [(ROOT / "imcmoo" / name)]
    for path in ([path] if path.suffix else path.glob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
)

SPACE = {
    **{"rows": [64, 128], "cols": [64, 128], "adc_bits": [6, 7], "active_rows": 64},
    **{"voltage_V": 0.9, "technology_nm": 32, "input_slice_bits": 1, "columns_per_adc": 4},
    **{"weight_coding": "offset", "input_coding": "pulses", "adc_model": "sar_noise"},
    **{"adc_noise": 12, "sample_and_hold": 1, "tree_stages": 1, "ping_pong": 0},
    **{"macros_per_tile": 16, "tiles_per_group": 4, "router_groups": 8, "link_bits": 128},
    **{"glb_KiB": 512, "glb_banks": 4, "buffer_words": 4, "mac_units": 256, "dram": "x64"},
}


@pytest.fixture(scope="module")
def study():
    return Study(
        name="small",
        model="physical",
        device="sram",
        networks=["resnet18"],
        criterion="edap_geomean",
        baselines=False,
        space=SPACE,
    )


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_run(module, study, tmp_path):
    names = {"study": study, "small": study, "folder": tmp_path, "Study": Study, "certify": certify}
    names |= {"solve": solve, "solve_all": solve_all, "vary": vary}
    tested = import_module(module)
    failed, tried = doctest.testmod(tested, extraglobs=names)
    assert tried
    assert not failed


def test_all_parts_have_examples():
    parts = {name.split(".")[1] for name in MODULES}
    assert parts == {"answers", "solve", "ask", "api"}
