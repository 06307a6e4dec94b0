"""NSGA-II of jMetalPy; needs `jmetalpy`.

python examples/benchmark/jmetal_nsga2.py
"""

import random

from jmetal.algorithm.multiobjective.nsgaii import NSGAII
from jmetal.core.problem import IntegerProblem
from jmetal.operator.crossover import IntegerSBXCrossover
from jmetal.operator.mutation import IntegerPolynomialMutation

from imcmoo import benchmark


class Problem(IntegerProblem):
    def __init__(self, problem):
        super().__init__()
        self.problem = problem
        self.lower_bound, self.upper_bound = [0] * problem.n_var, problem.xu.astype(int).tolist()

    def name(self):
        return self.problem.name()

    def number_of_objectives(self):
        return self.problem.n_obj

    def number_of_constraints(self):
        return self.problem.n_ieq_constr

    def evaluate(self, solution):
        F, G = self.problem.evaluate_indices(solution.variables)
        solution.objectives, solution.constraints = F[0].tolist(), (-G[0]).tolist()
        return solution  # jMetal takes constraints as violated where they are negative


def search(problem, budget, seed=1):
    """Objectives of the feasible designs among the first distinct ones, shape (n, n_obj)."""
    random.seed(seed)  # the only source of chance in these operators
    record = problem.start_record()
    mutation, crossover = IntegerPolynomialMutation(1 / problem.n_var), IntegerSBXCrossover(0.9)
    nsga2 = NSGAII(Problem(problem), 50, 50, mutation, crossover)
    nsga2.stopping_condition_is_met = lambda: len(record) >= budget or record.n_calls >= 10 * budget
    nsga2.run()
    return record.feasible_F(budget)


if __name__ == "__main__":
    problem = benchmark.get("four_workload_sram-v1")
    print(problem.indicators(search(problem, budget=500)))
