"""The design problem: objectives, constraints, criteria and the selection of a design."""
