"""NSGA-II of jMetalPy; needs `jmetalpy`.

python examples/benchmark/jmetal_nsga2.py [PROBLEM]
"""

import sys

import numpy as np
from jmetal.algorithm.multiobjective.nsgaii import NSGAII
from jmetal.core.problem import IntegerProblem
from jmetal.operator.crossover import IntegerSBXCrossover
from jmetal.operator.mutation import IntegerPolynomialMutation
from jmetal.util.termination_criterion import StoppingByEvaluations

from imcmoo import benchmark


class Problem(IntegerProblem):
    """Value indices in; jMetal counts constraints as violated where they are negative."""

    def __init__(self, problem):
        super().__init__()
        self.problem = problem
        self.lower_bound = [0] * problem.n_var
        self.upper_bound = [n - 1 for n in problem.space.shape]

    def name(self):
        return self.problem.name()

    def number_of_objectives(self):
        return self.problem.n_obj

    def number_of_constraints(self):
        return self.problem.n_ieq_constr

    def evaluate(self, solution):
        F, G = self.problem.evaluate_indices(solution.variables)
        solution.objectives, solution.constraints = F[0].tolist(), (-G[0]).tolist()
        return solution


if __name__ == "__main__":
    problem = benchmark.get(sys.argv[1] if len(sys.argv) > 1 else "four_workload_sram-v1")
    mutation, crossover = IntegerPolynomialMutation(1 / problem.n_var), IntegerSBXCrossover(0.9)
    stop = StoppingByEvaluations(500)
    search = NSGAII(Problem(problem), 50, 50, mutation, crossover, termination_criterion=stop)
    search.run()
    print(problem.indicators(np.array([s.objectives for s in search.result()])))
