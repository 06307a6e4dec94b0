"""Lower bounds of the costs of all designs of a sub-domain of the space."""
