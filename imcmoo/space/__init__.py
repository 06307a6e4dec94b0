"""Designs: typed parameters, their combinations, and the moves between them."""
