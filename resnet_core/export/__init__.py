"""A network to take along: as source, as tables, as ONNX."""
