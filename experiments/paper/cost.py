"""Question 5: what does a newer technology buy, for what it costs?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from moocore import is_nondominated

from experiments.paper.enumerated_study import EnumeratedStudy
from imcmoo.problem.criteria import SCORES


def cost_front(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """By technology node, the non-dominated designs in cost and EDAP (max), one of each pair of
    values, and whether they are non-dominated among all nodes, too."""
    problem, space = enumerated.problem, enumerated.problem.space
    rows = enumerated.joint
    levels = enumerated.levels(rows)
    score = enumerated.score(SCORES["edap_max"], rows, range(len(enumerated.workloads)))
    points = np.column_stack([problem.cost(levels, enumerated.area_m2[rows]), score])
    node = levels[:, space.names.index("technology_nm")]
    kept = np.concatenate(
        [
            own[is_nondominated(points[own])]
            for value in np.unique(node)
            for own in [np.flatnonzero(node == value)]
        ]
    )
    kept = kept[np.lexsort((points[kept, 0], node[kept]))]
    return pd.DataFrame(
        {
            **{n: space.column(levels[kept], n) for n in space.names},
            "cost": points[kept, 0],
            "edap_max_J_s_mm2": points[kept, 1],
            "on_front": is_nondominated(points[kept]),
        }
    )


def by_node(front: pd.DataFrame) -> pd.DataFrame:
    """By technology node, the least EDAP (max) and what that chip costs, the least cost, and how
    many of its designs are on the front of all nodes.

    Args:
        front: as `cost_front` makes it.
    """
    rows = []
    for node, own in front.groupby("technology_nm"):
        best = own.iloc[int(own["edap_max_J_s_mm2"].argmin())]
        rows.append(
            {
                "technology_nm": node,
                "least_edap_max_J_s_mm2": best["edap_max_J_s_mm2"],
                "its_cost": best["cost"],
                "least_cost": own["cost"].min(),
                "on_front": own["on_front"].sum(),
            }
        )
    return pd.DataFrame(rows)
