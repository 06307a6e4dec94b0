"""Solvers: certify, enumerate or search one study, or several together.

May import `study`, `answers` and all that is below them; writes no figures.
"""
