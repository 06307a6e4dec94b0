"""Designs that share work by a key cost what each costs alone."""

from dataclasses import fields, replace

import numpy as np
import pytest

from imcmoo.model.physical import parameters
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_WINDOWS, CELL_ERRORS, COLUMNS, Designs
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import TABLE, random_designs

N_DESIGNS = 3
LARGE = {"macros_per_tile": 64, "tiles_per_group": 128, "router_groups": 16, "glb_KiB": 8192}
KEYS = (("_ARRAY_KEY", "MAPPING_KEY"), ("CIRCUIT_KEY",))
ALL = tuple(name for name, column in COLUMNS.items() if not column.real)
"""Columns of whole numbers: together far more than 63 bits."""
NETWORKS = WorkloadSet.load(["alexnet"])


def random_columns(device, rng):
    """All columns of random designs, most of which run."""
    n, rows = N_DESIGNS, 2 ** rng.integers(5, 10, N_DESIGNS)
    columns = random_designs(n, rng, device)
    columns |= {name: np.full(n, value) for name, value in LARGE.items()}
    columns |= {
        "rows": rows,
        "active_rows": rows // 2 + 1,
        "input_slice_bits": 2 ** rng.integers(0, 3, n),
        "mac_units": 2 ** rng.integers(6, 10, n),
        "adc_window": rng.choice(ADC_WINDOWS, n),
        "redundancy": rng.integers(1, 5, n),
        "cell_errors": np.full(n, "uniform"),
        "buffer_words": rng.integers(1, 3, n),
    }
    columns |= {k: np.full(n, only) for k, only in MEMORY_CELLS[device].defaults.items()}
    if device == "dimc":
        columns["active_rows"] = rows // 2
        columns["tree_stages"] = rng.integers(1, 4, n)
    if device == "rram":
        columns["bits_per_cell"] = rng.integers(1, 3, n)
        columns["cell_errors"] = rng.choice(CELL_ERRORS, n)
    for name, column in COLUMNS.items():
        if name not in columns:  # so that a new column cannot be forgotten
            columns[name] = (
                rng.uniform(0.5, 1.0, n) * column.default
                if column.real
                else rng.choice(column.texts or np.arange(column.low, column.high + 1), n)
            )
    return columns


def neighbours(device):
    """Random designs, and for each column the same designs with other values of it."""
    rng = np.random.default_rng(1)
    bases, others = random_columns(device, rng), random_columns(device, rng)
    others |= {name: bases[name] // 2 for name in LARGE}
    others["rows"] = 2 * bases["rows"]
    # One more does not divide the rows either: where row blocks fill macros, the key has no rows.
    active = bases["active_rows"]
    others["active_rows"] = active // 2
    if device != "dimc":
        others["active_rows"][1::2] = active[1::2] + 1
    changed = [bases, *(bases | {name: others[name]} for name in COLUMNS)]
    return {name: np.concatenate([c[name] for c in changed]) for name in COLUMNS}


def changed_in(name):
    """Rows of `neighbours` that a column tells apart: the bases and those with its other values."""
    first = N_DESIGNS * (1 + list(COLUMNS).index(name))
    return np.r_[:N_DESIGNS, first : first + N_DESIGNS]


def evaluated(device, columns):
    """All metrics of designs by a model that knows no other, shape (n,) each."""
    found = PhysicalEvaluator(device, NETWORKS, table=TABLE).in_full(columns)
    named = {f.name: np.asarray(getattr(found, f.name)) for f in fields(found)}
    return {name: v.reshape(len(v), -1) for name, v in named.items() if v.size}


def differing(ours, theirs):
    """Metrics that differ by more than the order of sums."""
    return [
        n for n in ours if not np.allclose(ours[n], theirs[n], rtol=1e-9, atol=0, equal_nan=True)
    ]


@pytest.fixture(scope="module", params=MEMORY_CELLS)
def alone(request):
    """Designs, and the metrics of each by a model of its own."""
    device = request.param
    columns = neighbours(device)
    each = [
        evaluated(device, {name: values[[at]] for name, values in columns.items()})
        for at in range(len(columns["rows"]))
    ]
    return device, columns, {name: np.concatenate([e[name] for e in each]) for name in each[0]}


def test_designs_in_one_batch_cost_what_each_costs_alone(alone):
    device, columns, expected = alone
    assert np.isfinite(expected["energy_J"]).mean() > 0.5
    assert differing(evaluated(device, columns), expected) == []


@pytest.mark.parametrize(
    ("keys", "name"), [(keys, name) for keys in KEYS for name in getattr(parameters, keys[-1])]
)
def test_no_column_of_a_key_can_be_left_out(alone, monkeypatch, keys, name):
    device, columns, expected = alone
    one_value = MEMORY_CELLS[device].defaults
    if name in one_value or (device == "sram" and name in ("bits_per_cell", "cell_errors")):
        pytest.skip(f"{name} has one value on {device}")
    if device == "dimc" and keys == ("CIRCUIT_KEY",):
        pytest.skip("sums are exact with any circuit")
    for key in keys:
        left = tuple(n for n in getattr(parameters, key) if n != name)
        monkeypatch.setattr(parameters, key, left)
    rows = changed_in(name)
    found = evaluated(device, {column: values[rows] for column, values in columns.items()})
    assert differing(found, {metric: values[rows] for metric, values in expected.items()})


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        ("_ARRAY_KEY", parameters.replication_keys),
        ("MAPPING_KEY", parameters.mapping_keys),
        ("CIRCUIT_KEY", parameters.circuit_keys),
    ],
)
def test_keys_of_any_number_of_bits_tell_designs_apart(monkeypatch, names, keys):
    monkeypatch.setattr(parameters, names, ALL)
    designs = Designs.of_columns(neighbours("rram"))
    values = np.column_stack([getattr(designs, name) for name in ALL])
    assert len(np.unique(keys(designs))) == len(np.unique(values, axis=0))


def test_designs_with_keys_of_more_than_63_bits_cost_what_each_costs_alone(alone, monkeypatch):
    device, columns, expected = alone
    for key in (name for names in KEYS for name in names):
        first = getattr(parameters, key)
        monkeypatch.setattr(parameters, key, (*first, *(n for n in ALL if n not in first)))
    assert differing(evaluated(device, columns), expected) == []


def test_longer_keys_sort_as_their_columns_do(monkeypatch):
    monkeypatch.setattr(parameters, "MAPPING_KEY", ALL)
    designs = Designs.of_columns(neighbours("rram"))
    order = np.argsort(parameters.mapping_keys(designs), kind="stable")
    columns = [getattr(designs, name) for name in reversed(ALL)]
    assert order.tolist() == np.lexsort(columns).tolist()


def test_a_column_of_real_numbers_can_be_part_of_no_key():
    with pytest.raises(ValueError, match="real numbers cannot decide mapping, noise"):
        replace(COLUMNS["voltage_V"], decides="noise adc mapping")
