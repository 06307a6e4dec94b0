"""The paper's cost model (CiMLoop: Timeloop, Accelergy, NeuroSim, CACTI), digit for digit.

Its rules are written down in docs/model.md.
"""
