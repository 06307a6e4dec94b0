"""Cost of each operator: layers, nothing, or more than layers can express."""

from __future__ import annotations

from imcmoo.networks.onnx_import.operators.attention import (
    attention,
    grouped_query_attention,
    multi_head_attention,
    projected_attention,
)
from imcmoo.networks.onnx_import.operators.call import RowsOf
from imcmoo.networks.onnx_import.operators.convolution import (
    convolution,
    deformable_convolution,
    transposed_convolution,
)
from imcmoo.networks.onnx_import.operators.product import (
    einsum,
    matrix_product,
    quantised_blocks,
    recurrent,
)

IMPORTED: dict[str, RowsOf] = {
    "Attention": attention,
    "Conv": convolution(0, 1),
    "ConvInteger": convolution(0, 1),
    "ConvTranspose": transposed_convolution,
    "DeformConv": deformable_convolution,
    "Einsum": einsum,
    "GRU": recurrent("GRU"),
    "Gemm": matrix_product(0, 1),
    "LSTM": recurrent("LSTM"),
    "MatMul": matrix_product(0, 1),
    "MatMulInteger": matrix_product(0, 1),
    "QLinearConv": convolution(0, 3),
    "QLinearMatMul": matrix_product(0, 3),
    "RNN": recurrent("RNN"),
    "com.microsoft.Attention": projected_attention,
    "com.microsoft.DynamicQuantizeLSTM": recurrent("DynamicQuantizeLSTM"),
    "com.microsoft.DynamicQuantizeMatMul": matrix_product(0, 1),
    "com.microsoft.FusedConv": convolution(0, 1),
    "com.microsoft.FusedGemm": matrix_product(0, 1),
    "com.microsoft.FusedMatMul": matrix_product(0, 1),
    "com.microsoft.GroupQueryAttention": grouped_query_attention,
    "com.microsoft.MatMulIntegerToFloat": matrix_product(0, 1),
    "com.microsoft.MatMulNBits": quantised_blocks,
    "com.microsoft.MultiHeadAttention": multi_head_attention,
    "com.microsoft.QAttention": projected_attention,
    "com.microsoft.QGemm": matrix_product(0, 3),
}
"""Operators that become layers, or say why they cannot; with their domain in front where it is not
ONNX's own."""

PRODUCTS = frozenset(
    """
    CausalConvWithState DFT LinearAttention Loop STFT Scan SequenceMap
    ai.onnx.ml.LinearClassifier ai.onnx.ml.LinearRegressor ai.onnx.ml.SVMClassifier
    ai.onnx.ml.SVMRegressor
    """.split()  # noqa: SIM905  a list would take a line per name
)
"""Known operators that multiply matrices, or may, in ways the layers cannot express."""
