"""Columns are told apart, also where the names of networks are part of one another."""

import pytest

from imcmoo.model.metrics import Quantity
from imcmoo.report.page_designs import measured


@pytest.mark.parametrize(
    "workloads", [["net", "net_a", "a"], ["a", "energy"], ["a_J"], ["resnet18", "s"]]
)
def test_every_quantity_is_found_again(workloads):
    quantities = [
        Quantity("area", "mm2", per_workload=False),
        Quantity("energy", "J"),
        Quantity("hit_rate", ""),
        Quantity("accuracy", "dB"),
        Quantity("cost", "", per_workload=False),
    ]
    columns = [c for q in quantities for c in q.columns(workloads)]
    result = measured(columns, workloads)
    assert [c for m in result for c in m.columns] == columns
    assert [(m.name, m.unit) for m in result if m.per_workload] == [
        (q.name, q.unit) for q in quantities if q.per_workload
    ]


def test_units_are_those_people_read():
    area, energy = measured(["area_mm2", "energy_a_J", "energy_b_J"], ["a", "b"])
    assert (area.heading, area.factor) == ("area (mm²)", 1.0)
    assert (energy.heading, energy.factor) == ("energy (mJ)", 1e3)
