"""Noise-to-signal ratio of analog dot products: a closed form from operand statistics.

`statistics` has the operands of layers, `row_blocks` the sums of row blocks and their errors,
`windows` the noise of these sums with the windows of ADCs, and `model` the noise over signal of
layers and the SNR of networks. Each file may import the files before it, ADC windows, circuits and
assumptions; only `model` may import designs, layers and components.
"""
