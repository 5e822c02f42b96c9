"""Networks as ONNX: other programs' checkpoints read without running them, and rebuilt."""
