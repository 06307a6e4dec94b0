"""What was found: the answer of a study, and the answers of several studies beside each other.

May import `study` and all that is below it; knows nothing of how an answer is found.
"""
