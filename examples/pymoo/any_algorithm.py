"""A study searched by any algorithm of pymoo: the folder, card, front and page of `imcmoo run`.

The same from the command line, with the class or a function that makes the algorithm:

    imcmoo run four_workload_sram --algorithm pymoo.algorithms.moo.nsga2:NSGA2 --budget 1000
"""

from pymoo.algorithms.moo.nsga2 import NSGA2

from imcmoo import Study

study = Study.load("four_workload_sram").replace(baselines=False)
run = study.run(algorithm=NSGA2(pop_size=100), budget=1000)
print(run.card)
print(f"{len(run.front)} designs on the front; page: {run.report('nsga2.html')}")
