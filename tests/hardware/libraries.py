"""Stand-ins for the component libraries: instant, and different for different components."""

import hashlib

from imcmoo.hardware import build_table, own_table
from imcmoo.hardware.component_table import TABLE_KEYS, ComponentTable

SHIPPED = ComponentTable.load(scaling="current")
VERSIONS = SHIPPED.metadata["versions"]


def stand_in(monkeypatch, **versions):
    """Build tables without the libraries, in this process.

    Args:
        versions: of libraries, where they are to be others than the shipped table's.
    """
    known = {**VERSIONS, **{name.replace("_", "-"): v for name, v in versions.items()}}
    monkeypatch.setattr(own_table, "installed_versions", lambda: known)
    monkeypatch.setattr(own_table, "technology", lambda *, node_nm: {"threshold_V": 0.4})
    libraries = build_table.library_costs
    monkeypatch.setattr(libraries, "use_scratch", lambda folder: None)
    monkeypatch.setattr(libraries, "crossbar", lambda **key: costs(key.pop("device"), key))
    for name in TABLE_KEYS:
        if name not in ("rram", "sram"):
            monkeypatch.setattr(libraries, name, lambda name=name, **key: costs(name, key))


def costs(table, key):
    """Some numbers that depend on all of the key, the cell's text among it."""
    seed = int(hashlib.sha256(repr((table, sorted(key.items()))).encode()).hexdigest()[:12], 16)
    quantities = SHIPPED.tables[table].quantities
    return {name: (seed + i) * 1e-30 for i, name in enumerate(quantities)}
