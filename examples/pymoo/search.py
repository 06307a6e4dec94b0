"""The search of imcmoo as an algorithm of pymoo, and NSGA-II with its operators.

Run it with `python search.py`; it takes about 5 s.
"""

from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.optimize import minimize

from imcmoo import Study
from imcmoo.pymoo import (
    CriteriaGuidedNSGA2,
    FeasibleRepair,
    FeasibleSampling,
    StepCrossover,
    StepMutation,
)

problem = Study.load("four_workload_sram").problem()
algorithms = {
    "the search of imcmoo": CriteriaGuidedNSGA2(),
    "NSGA-II with its operators": NSGA2(
        pop_size=100,
        sampling=FeasibleSampling(),
        repair=FeasibleRepair(),
        crossover=StepCrossover(),
        mutation=StepMutation(),
    ),
    "NSGA-II": NSGA2(pop_size=100),
}
for name, algorithm in algorithms.items():
    result = minimize(problem, algorithm, ("n_eval", 1000), seed=1)
    best = problem.costs(result.F).edap.max(axis=1).min()  # J·s·mm²
    print(f"{name}: {len(result.F)} designs on the front, least edap_max {best:.3g} J·s·mm²")
