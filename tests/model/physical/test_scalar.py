"""The arrays against the scalar model, on random designs of both devices and all networks."""

from __future__ import annotations

import numpy as np
import pytest

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.timing import CAUSES
from imcmoo.networks.workloads import SHIPPED, Workload, WorkloadSet
from tests.model.physical import scalar_physical as scalar
from tests.model.physical.designs import one, random_designs

RTOL = 1e-12
N_DESIGNS = 24
NUMBERS = (
    "energy_J",
    "latency_s",
    "interval_s",
    "power_W",
    "dram_bits",
    "glb_bits",
    "occupied_cells",
)


@pytest.fixture(scope="module")
def table() -> PhysicalTable:
    return PhysicalTable.load()


@pytest.mark.parametrize("device", ["rram", "sram"])
@pytest.mark.parametrize("network", SHIPPED)
def test_arrays_equal_the_scalar_model(network: str, device: str, table: PhysicalTable) -> None:
    rng = np.random.default_rng([SHIPPED.index(network), device == "sram"])
    columns = random_designs(N_DESIGNS, rng, device, table)
    # Half of them large, so that most run.
    columns["tiles_per_group"][::2] = 64
    columns["macros_per_tile"][::2] = 128
    columns["router_groups"][::2] = np.maximum(columns["router_groups"][::2], 8)
    found = PhysicalModel(WorkloadSet.load([network]), device=device, table=table).evaluate(columns)
    workload = Workload.load(network)
    ran = 0
    for i in range(N_DESIGNS):
        expected = scalar.evaluate(one(columns, i), device, workload, table)
        assert found.area_m2[i] == pytest.approx(expected["area_m2"], rel=RTOL)
        assert found.resources.missing_cells[i, 0] == expected["missing_cells"]
        assert found.resources.missing_bits[i, 0] == pytest.approx(expected["missing_bits"], RTOL)
        assert found.runs[i, 0] == ("energy_J" in expected)
        if not found.runs[i, 0]:
            assert np.isnan(found.energy_J[i, 0])
            assert found.bound_by[i, 0] == -1
            continue
        ran += 1
        for name in NUMBERS:
            assert getattr(found, name)[i, 0] == pytest.approx(expected[name], rel=RTOL), name
        assert CAUSES[found.bound_by[i, 0]] == expected["bound_by"]
    assert ran >= 3
