"""Stand-ins for the component libraries: instant, and different for different components."""

import hashlib

from imcmoo.hardware import build_table
from imcmoo.hardware.component_table import COMPONENTS, ComponentTable
from imcmoo.hardware.physical_table import PHYSICAL_COMPONENTS, PhysicalTable

SHIPPED = ComponentTable.read()
VERSIONS = PhysicalTable.load().metadata["versions"]


def stand_in(monkeypatch, **versions):
    """Build tables without the libraries, in this process.

    Args:
        versions: of libraries, where they are to be others than the shipped table's.
    """
    known = {**VERSIONS, **{name.replace("_", "-"): v for name, v in versions.items()}}
    monkeypatch.setattr(
        build_table,
        "installed_versions",
        lambda model: {n: known[n] for n in build_table.COSTS[model].PACKAGES},
    )
    threshold = {"threshold_V": 0.4}
    monkeypatch.setattr(build_table.physical_costs, "technology", lambda *, node_nm: threshold)
    libraries = build_table.library_costs
    monkeypatch.setattr(libraries, "use_scratch", lambda folder: None)
    monkeypatch.setattr(libraries, "crossbar", lambda **key: costs(key.pop("device"), key))
    monkeypatch.setattr(libraries, "main_memory_J_per_bit", lambda: 8e-12)
    for name in COMPONENTS:
        if name not in ("rram", "sram"):
            monkeypatch.setattr(libraries, name, lambda name=name, **key: costs(name, key))
    physical = build_table.physical_costs
    for name in ("crossbar", "buffer"):
        monkeypatch.setattr(physical, name, lambda name=name, **key: physical_costs(name, key))


def physical_costs(table, key):
    return costs(table, key, PHYSICAL_COMPONENTS[key.pop("device", table)].quantities)


def costs(table, key, quantities=None):
    """Some numbers that depend on all of the key, the cell's text among it."""
    seed = int(hashlib.sha256(repr((table, sorted(key.items()))).encode()).hexdigest()[:12], 16)
    quantities = quantities or COMPONENTS[table].quantities
    return {name: (seed + i) * 1e-30 for i, name in enumerate(quantities)}
