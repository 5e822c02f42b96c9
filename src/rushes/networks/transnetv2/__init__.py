"""TransNetV2 as ONNX; `convert` is its one door."""
