"""Networks as ONNX: checkpoints read without executing them, converted, and run."""
