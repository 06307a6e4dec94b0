"""The design problem: objectives, constraints, criteria, and the only adapter to pymoo."""
