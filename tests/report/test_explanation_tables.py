"""Explanations fit the terminal, whatever the study."""

import numpy as np
import pandas as pd
import pytest

from imcmoo.answers.explain import explain
from imcmoo.api import Study
from imcmoo.display.limits import missing_resources, used, violation, violations
from imcmoo.report.explanation_tables import explained
from imcmoo.study import catalogue
from tests.model.physical.test_evaluator import DEVICE_SPACES, NETWORKS
from tests.report.tables import shown
from tests.study.files import STUDIES
from tests.test_toy_model import STUDY as TOY

EVERY = {**STUDIES, "nine": catalogue.studies()["nine_workload_sram"], "toy": TOY}


@pytest.fixture(scope="module", params=EVERY)
def explanations(request):
    """A feasible design of a study, if one is found at once, and one that is not."""
    study = EVERY[request.param]
    problem = study.problem()
    levels = study.space.random(300, np.random.default_rng(1))
    _, G = problem.score(levels, problem.model.evaluate(levels))
    feasible = (G <= 0).all(axis=1)
    rows = [int(np.argmax(kind)) for kind in (feasible, ~feasible) if kind.any()]
    names = [(f"random {row}",) for row in rows]
    return explain(problem, study.resolved_criterion, levels[rows], names)


@pytest.mark.parametrize(
    "width",
    [60, pytest.param(80, marks=pytest.mark.slow), pytest.param(120, marks=pytest.mark.slow), 200],
)
def test_nothing_is_wider_than_the_terminal_or_cut(explanations, width):
    for explanation in explanations:
        parts = list(explained(explanation, width=width, layers=3))
        text = shown(parts, width)
        assert ("NOT FEASIBLE" in " ".join(text.split())) == (not explanation.feasible)
        steps = explanation.tables["neighbours"]
        assert all(f"{name} " in text for name in steps["parameter"])


def test_figures_of_the_physical_model_are_called_what_they_are(explanations):
    for explanation in explanations:
        columns = explanation.tables["networks"]
        table = [*explained(explanation, width=200, layers=3)][1]
        headings = " ".join(str(column.header) for column in table.columns).replace("\n", " ")
        assert ("power (W)" in headings) == (
            "power_W" in columns and "energy_over_latency_W" not in columns
        )
        physical = "power on chip (W)", "energy over latency, with DRAM (W)", "macros in use (%)"
        for heading in physical:
            assert (heading in headings) == ("energy_over_latency_W" in columns)


@pytest.mark.parametrize("schedule", ["layer", "pipelined"])
def test_shares_of_latency_are_stated_where_layers_follow_one_another(schedule):
    space = DEVICE_SPACES["sram"].fix("schedule", schedule)
    study = Study(name="one", space=space, networks=NETWORKS, model="physical")
    levels = space.random(300, np.random.default_rng(1))
    runs = study.cost_model().evaluate(levels).runs.all(axis=1)
    design = levels[runs][:1]
    (explanation,) = explain(study.problem(), study.resolved_criterion, design, [("one",)])
    parts = explained(explanation, width=200, layers=10**6)
    (table,) = (t for t in parts if getattr(t, "title", "") == "Layers that take most energy")
    at = [str(column.header) for column in table.columns].index("latency (µs)") + 1
    assert {share == "—" for share in table.columns[at].cells} == {schedule == "pipelined"}


def test_noise_is_said_in_decibels():
    assert violation("snr", 9.0, 9.0) == "ADC SQNR 10 dB below the limit"
    assert used("snr", 0.01, -0.99) == "20 dB to spare"
    assert used("snr", 2.0, 1.0) == "3.01 dB short"
    assert used("area", 0.5, -0.5) == "50 %"
    assert (used("cells", np.nan, 0.0), used("cells", np.nan, np.nan)) == ("enough", "unknown")


@pytest.mark.parametrize(
    ("limit", "missing", "excess", "text"),
    [
        ("max_load", np.nan, 1e19, "max_load more than 10,000 times the limit"),
        ("buffer_bits", 321_536, 0.5, "needs 40.2 kB more buffer"),
        ("buffer_bits", 40, 1e-4, "needs 5 B more buffer"),
        ("cells", 56, 0.1, "needs 56 more cells"),
        ("cells", 2e6, 0.1, "needs 2 M more cells"),
        ("snr", 1.0417, 1.0417, "ADC SQNR 3.1 dB below the limit"),
        ("compute_snr", 2, np.nan, "compute SNR below the limit"),
        ("levels", 0.25, 0.25, "conductance margin 20 % below the limit"),
        ("wires", 0.25, 0.25, "IR drop 25 % above the limit"),
        ("sampling", 1.5, 1.5, "sampling alone is 1.58 times adc_noise"),
        ("sampling", 1.5, np.nan, "sampling noise above the limit"),
        ("accuracy", 0.03, 0.03, "accuracy 0.03 below the limit"),
        ("max_area_mm2", np.nan, 0.125, "max_area_mm2 12.5 % above the limit"),
        ("min_tops", np.nan, 0.125, "min_tops 12.5 % below the limit"),
        ("evaluation", 1, 1, "cannot be evaluated"),
    ],
)
def test_a_violation_has_a_number_and_a_unit(limit, missing, excess, text):
    assert violation(limit, missing, excess) == text


def test_an_adc_sqnr_that_misses_as_much_as_the_compute_snr_is_not_said_twice():
    rows = [("snr", "a", 1.0), ("compute_snr", "a", 1.0), ("snr", "b", 1.0), ("cells", "b", 0.5)]
    limits = pd.DataFrame(rows, columns=["limit", "network", "excess"]).assign(missing=np.nan)
    of_a, of_b = (violations(limits[limits["network"] == name]) for name in "ab")
    assert of_a == "compute SNR 3.01 dB below the limit"
    assert of_b == "ADC SQNR 3.01 dB below the limit, cells 50 % above the limit"


def test_resources_of_a_file_are_told_by_network():
    networks = ["a", "b_a", "c"]
    rows = {"snr": (3, 0, 0), "cells": (2e6, 0, 0), "wires": (0, 1, 0)}
    columns = {
        f"missing_{name}_{network}": amount
        for name, amounts in rows.items()
        for network, amount in zip(networks, amounts, strict=True)
    }
    texts = [missing_resources(pd.Series(columns), network, networks) for network in networks]
    assert texts == [
        "ADC SQNR below the limit, needs 2 M more cells",
        "IR drop above the limit",
        "beyond its limits",
    ]
