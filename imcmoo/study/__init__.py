"""Questions: studies as data, their files and tables, spaces, known studies, and variants.

May import `model`, `problem`, `exact` and all that is below them.
"""
