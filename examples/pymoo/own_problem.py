"""A problem of your own with integer variables, searched by imcmoo.

A tank of whole plates: few plates are cheap, many hold a high pressure.
"""

import numpy as np
from pymoo.core.problem import Problem
from pymoo.optimize import minimize

from imcmoo.pymoo import CriteriaGuidedNSGA2


class Tank(Problem):
    """Plates of three sizes (number, thickness and width of each) against pressure and weight."""

    def __init__(self):
        super().__init__(n_var=9, n_obj=2, n_ieq_constr=1, xl=1, xu=20, vtype=int)

    def _evaluate(self, X, out, *args, **kwargs):
        number, thickness, width = X[:, 0:3], X[:, 3:6], X[:, 6:9]
        weight = (number * thickness * width).sum(axis=1)
        pressure = (thickness / width).min(axis=1)
        out["F"] = np.column_stack([weight, -pressure])
        out["G"] = 1 - (number * width).sum(axis=1) / 300  # at least 300 units of width


result = minimize(Tank(), CriteriaGuidedNSGA2(n_initial=100), ("n_eval", 1000), seed=1)
print(f"{len(result.X)} tanks on the front; the lightest weighs {result.F[:, 0].min():.0f}")
