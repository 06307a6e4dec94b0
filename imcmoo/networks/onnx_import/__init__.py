"""Import of networks from ONNX files: layers from the graph, weights' files never needed."""

from imcmoo.networks.onnx_import.importer import import_onnx as import_onnx
