"""The model's prices against energies and leakages of the reference's single-layer runs.

The reference rounds each energy per action to 6 significant digits: after the same rounding the
terms of the model must give the same decimals.
"""

from collections import defaultdict

import numpy as np
import pytest

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.model.reference.prices import FACTORS, PRICED_BY, QUADRATIC_LEAK, TERMS
from tests.reference import records

pytestmark = records.of_every_source


@pytest.fixture(scope="module")
def table():
    return ComponentTable.load()


def energies(table, record):
    """Energy of each action, and leakage per cycle, in pJ by component and action."""
    values = {name: np.array([value]) for name, value in record.items() if np.isscalar(value)}
    values["technology_nm"] = np.array([32])
    prices = {}
    for price in PRICED_BY.values():
        prices |= price(table, values)
    a, c = record["average_input"], record["average_weight"]
    factors = dict(zip(FACTORS, (1.0, a, c, a * c), strict=True))
    energy = defaultdict(float)
    for term in TERMS:
        action = "leak" if term.price.endswith("leak") else term.action.split(".")[1]
        part = float(prices[term.price][0]) * factors[term.factor]
        for _ in range((action == "leak") * (2 if term.component in QUADRATIC_LEAK else 1)):
            part *= record["cycle_s"]  # one by one: ties would round the other way
        energy[term.component, action] += part
    energy["main_memory", "write"] = energy["main_memory", "read"]
    for component in ("input_buffer", "output_buffer", "glb", "main_memory"):
        energy[component, "update"] = energy[component, "write"]
    return energy


def test_energy_per_action_equals_every_record(source, table):
    runs = [run for run in records.breakdowns(source) if run["maps"]]
    compared = 0
    for record in runs:
        expected = energies(table, record)
        for component, actions in record["energy_per_action_pJ"].items():
            for action, energy_pJ in actions.items():
                ours = float(f"{expected[component, action]:.5e}")
                assert ours == energy_pJ, (component, action, record["workload"], record["layer"])
                compared += 1
    assert compared > 27 * len(runs)
