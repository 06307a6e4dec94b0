"""Energy, leakage and area of every component, from a table computed once with hwcomponents."""

from imcmoo.components.table import ComponentTable

__all__ = ["ComponentTable"]
