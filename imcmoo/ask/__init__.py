"""Which variants of a study are solved: changes, values of an assumption, longer lists.

May import `study`, `answers`, `solve` and all that is below them.
"""
