"""A study as a value: what it says of itself can be read back."""

import argparse
import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.cli import arguments, run_command
from imcmoo.study.provenance import command, config
from problems import STUDIES

LOWEST_VOLTAGE_V = {7: 0.45, 10: 0.50, 14: 0.55, 22: 0.65, 32: 0.65, 45: 0.75}

AREAS_MM2 = st.floats(1e-3, 1e6)


@given(AREAS_MM2)
def test_the_printed_command_asks_for_exactly_this_limit(mm2):
    study = replace(STUDIES["four_workload_rram"], area_limit_m2=mm2 / 1e6)
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
    voltages = config(STUDIES["technology_cost_sram"])["space"]["voltage_V"]
    assert voltages["on"] == "technology_nm"
    assert list(voltages["values"]) == [str(node) for node in LOWEST_VOLTAGE_V]
    for node, lowest in LOWEST_VOLTAGE_V.items():
        steps = [lowest + 0.05 * i for i in range(8)]
        assert voltages["values"][str(node)] == pytest.approx(steps)


def test_a_criterion_of_scenarios_is_refused_without_one():
    with pytest.raises(ValueError, match=r"area needs a \[scenario\]; \[score\] area = 1"):
        replace(STUDIES["four_workload_sram_physical"], criterion="area")
