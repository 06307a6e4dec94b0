"""Lower bounds on the costs of all designs of a sub-domain of the space."""
