"""Accuracy of ONNX networks on simulated chips.

The chip executes every product of activations and stored weights as its arrays and ADCs do: inputs
and weights are cut into slices, cells err, ADCs clip and round. Everything else runs in float.
"""
