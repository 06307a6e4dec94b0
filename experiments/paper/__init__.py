"""The full study: the paper's questions, answered with exact numbers."""
