"""Neural networks as arrays: layer shapes and operand statistics."""
