"""The paper's technology scaling, as a difference to that of hwcomponents.

The table holds what hwcomponents gives ("current"). The paper's records were made with an older
CACTI wrapper and an older scaling table ("reference"). The current rules are the better physics;
the older ones are the paper's numbers. They differ at 7, 10, 14 and 22 nm only.

Source: docs/model.md, section 10; checked on the 1,680 recorded evaluations of the paper's
technology study.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.hardware.lookup import KeyedRows

# CACTI has no model below this node: both wrappers scale its results down from here.
_SMALLEST_CACTI_NODE_NM = 22


def _old_cacti(buffer: KeyedRows) -> KeyedRows:
    """Scale energies below 22 nm by node / 22 where hwcomponents takes the square root."""
    node = buffer.column("node_nm")
    factor = np.sqrt(np.minimum(node / _SMALLEST_CACTI_NODE_NM, 1.0))
    scaled = [name in ("read", "write", "leak") for name in buffer.quantities]
    return replace(buffer, values=np.where(np.array(scaled)[:, None], factor, 1) * buffer.values)


def _old_router(router: KeyedRows) -> KeyedRows:
    """Interpolate 22 nm between 20 and 32 nm from the wrong end, as the older table did.

    With x20 and x32 the values at 20 and 32 nm, hwcomponents gives x22 = (5 x20 + x32) / 6 and
    the older table gave (x20 + 5 x32) / 6 = (x22 + 4 x32) / 5.
    """
    at_22, at_32 = (router.column("node_nm") == node for node in (22, 32))
    if not (at_22.any() and at_32.any()):
        return router
    values: Floats = router.values.copy()
    values[:, at_22] = (values[:, at_22] + 4 * values[:, at_32]) / 5
    return replace(router, values=values)


def as_in_the_paper(tables: dict[str, KeyedRows]) -> dict[str, KeyedRows]:
    """The tables by component with buffers and routers scaled as in the paper's records."""
    return {
        **tables,
        "buffer": _old_cacti(tables["buffer"]),
        "router": _old_router(tables["router"]),
    }
