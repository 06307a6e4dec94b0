"""Answers: of a study, and of several studies beside each other.

May import `study` and all that is below it; knows nothing of how an answer is found.
"""
