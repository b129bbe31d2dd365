"""The trained detector as an ONNX file, in fp32 and in int8."""
