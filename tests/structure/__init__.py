"""The structure of the package `imcmoo` in numbers, and their ceilings."""
