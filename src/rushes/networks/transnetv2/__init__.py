"""TransNetV2, a shot-boundary network, as an ONNX file; `convert` is the only entry point."""

from rushes.networks.transnetv2.graph import convert

__all__ = ["convert"]
