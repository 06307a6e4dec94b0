"""The paper's questions, asked of the physical model."""
