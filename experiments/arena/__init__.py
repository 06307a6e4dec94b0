"""Searches against each other: who comes how close to the exact optimum, and how soon."""
