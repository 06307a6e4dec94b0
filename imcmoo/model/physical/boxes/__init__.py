"""Bounds of boxes of designs, made for the check alone: none of the solver's own bounds is used."""
