"""Accuracy of ONNX networks on simulated chips.

The chip executes every product of activations and stored weights as its arrays and ADCs do: sliced
bit by bit, with cell errors, clipping and rounding. Everything else runs in float.
"""
