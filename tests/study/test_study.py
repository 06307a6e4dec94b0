"""A study as a value, what it says of itself, and the studies that come with the package."""

import argparse
import importlib.util
import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

import problems
from imcmoo.answers.provenance import command, run_config
from imcmoo.cli import arguments, run_command
from imcmoo.model.physical.parameters import SPACE_VOLTAGES
from imcmoo.study.catalogue import shipped_names, shipped_studies
from problems import STUDIES
from tests.cli.helpers import python

LOWEST_VOLTAGE_V = {7: 0.45, 10: 0.50, 14: 0.55, 22: 0.65, 32: 0.65, 45: 0.75}

AREAS_MM2 = st.floats(1e-3, 1e6)


@given(AREAS_MM2)
def test_the_printed_command_asks_for_exactly_this_limit(mm2):
    study = STUDIES["four_workload_rram"].replace(area_limit_mm2=mm2)
    parser = argparse.ArgumentParser()
    parser.add_argument("study")
    run_command.add_arguments(parser)
    words = shlex.split(command(study).removeprefix("imcmoo run "))
    assert "e" not in words[words.index("--area-limit") + 1]
    assert arguments.with_options(study, parser.parse_args(words)) == study


@pytest.mark.parametrize("name", STUDIES)
def test_what_is_asked_is_plain_json(name):
    asked = STUDIES[name].to_config()
    assert json.loads(json.dumps(asked)) == asked


def test_values_that_depend_on_the_node_are_recorded_in_volts():
    voltages = run_config(STUDIES["technology_cost_sram"])["space"]["voltage_V"]
    assert voltages["on"] == "technology_nm"
    assert list(voltages["values"]) == [str(node) for node in LOWEST_VOLTAGE_V]
    for node, lowest in LOWEST_VOLTAGE_V.items():
        steps = [lowest + 0.05 * i for i in range(8)]
        assert voltages["values"][str(node)] == pytest.approx(steps)


def test_a_criterion_of_scenarios_is_refused_without_one():
    with pytest.raises(ValueError, match=r"load needs a \[scenario\]"):
        STUDIES["four_workload_sram_physical"].replace(criterion="load")


def test_the_smallest_chip_has_one_name():
    study = STUDIES["four_workload_sram_physical"]
    smallest = study.replace(criterion="area")
    assert "area" in [c.name for c in smallest.problem().criteria]
    assert "area" not in [c.name for c in study.problem().criteria]
    with pytest.raises(ValueError, match=r'area alone: .* criterion = "area"'):
        study.replace(score={"area": 1})


def test_studies_have_the_names_of_their_files():
    assert {name: study.name for name, study in shipped_studies().items()} == {
        name: name for name in shipped_names()
    }


def test_a_study_of_the_reference_model_imports_no_other():
    code = (
        "import importlib.metadata as m, sys; m.entry_points = lambda **_: []\n"
        "from imcmoo.study import catalogue\n"
        "catalogue.names(); catalogue.find_study('four_workload_rram').cost_model()\n"
        "print([m for m in sys.modules if m in ('imcmoo.model.physical.model', 'scipy')])"
    )
    assert python(code).stdout.strip() == "[]"


def test_the_extended_spaces_have_the_same_supply_voltages():
    extended = (problems.RRAM_EXTENDED, problems.SRAM_EXTENDED, problems.SRAM_TECHNOLOGY_EXTENDED)
    for space in extended:
        assert space.values_of("voltage_V") == SPACE_VOLTAGES


def test_no_package_of_the_checkout_is_imported_by_the_package():
    """`imcmoo` works without `problems` and `experiments`, which a wheel does not hold."""
    code = (
        "import sys; sys.modules['problems'] = sys.modules['experiments'] = None\n"
        "import importlib.metadata as m; m.entry_points = lambda **_: []\n"
        "from imcmoo.study import catalogue\n"
        "print(*catalogue.studies(), *catalogue.spaces())"
    )
    assert python(code).stdout.split() == [*problems.STUDIES, *problems.SPACES]


def test_data_folders_are_no_packages():
    assert importlib.util.find_spec("imcmoo.problem_files") is None
