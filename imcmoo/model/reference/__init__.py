"""The paper's cost model (CiMLoop: Timeloop, Accelergy, NeuroSim, CACTI), digit for digit."""
