"""How answers are found: certified, enumerated or searched; one study or several together.

May import `study`, `answers` and all that is below them; writes no figures.
"""
