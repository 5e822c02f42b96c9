"""Builder of ONNX graphs, node by node."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rushes.errors import MissingDependency

OPSET, IR_VERSION = 18, 9
"""Fixed, so that equal weights give equal bytes; every onnxruntime since 1.15 reads them."""


def require_onnx() -> Any:
    """Import and return the package onnx.

    Raises:
        MissingDependency: It is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingDependency(
            "converting weights to ONNX needs onnx: pip install 'rushes[neural]'"
        ) from None
    return onnx


class Graph:
    """A graph under construction; values have names, and equal constants are stored once."""

    def __init__(self, name: str) -> None:
        """Begin an empty graph.

        Raises:
            MissingDependency: The package onnx is not installed.
        """
        require_onnx()
        self._name = name
        self._nodes: list[Any] = []
        self._constants: dict[tuple[bytes, str, tuple[int, ...]], str] = {}
        self._tensors: list[Any] = []

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """Add a constant tensor and return its name."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(values, dtype=dtype).reshape(np.shape(values))
        key = (array.tobytes(), str(array.dtype), array.shape)
        if key not in self._constants:
            self._constants[key] = f"c{len(self._constants)}"
            self._tensors.append(numpy_helper.from_array(array, self._constants[key]))
        return self._constants[key]

    def ints(self, *values: int) -> str:
        """Add a constant int64 vector, such as axes or a shape, and return its name."""
        return self.constant(values, np.int64)

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """Append a node with one output and return the output's name."""
        return self.ops(kind, *inputs, outs=[out or f"v{len(self._nodes)}"], **attributes)[0]

    def ops(self, kind: str, *inputs: str, outs: Sequence[str], **attributes: Any) -> Sequence[str]:
        """Append a node with several outputs and return their names."""
        from onnx import helper

        self._nodes.append(helper.make_node(kind, list(inputs), list(outs), **attributes))
        return outs

    def split(self, value: str, parts: int, axis: int) -> Sequence[str]:
        """Split a tensor into equal parts along an axis and return their names."""
        outs = [f"v{len(self._nodes)}_{part}" for part in range(parts)]
        return self.ops("Split", value, outs=outs, axis=axis, num_outputs=parts)

    def reshape(self, value: str, *sizes: int | str) -> str:
        """Reshape a value; each size is a number, or the name of an int64 vector of one element."""
        parts = [self.ints(size) if isinstance(size, int) else size for size in sizes]
        return self.op("Reshape", value, self.op("Concat", *parts, axis=0))

    def cut(self, value: str, axis: int, start: int, stop: int) -> str:
        """Slice a value by `start:stop` along one axis and return the slice's name."""
        ends = self.ints(start), self.ints(stop), self.ints(axis)
        return self.op("Slice", value, *ends)

    def linear(self, value: str, weight_OI: np.ndarray, bias_O: np.ndarray) -> str:
        """Add `value @ weight.T + bias` over the last axis and return its name."""
        product = self.op("MatMul", value, self.constant(weight_OI.T))
        return self.op("Add", product, self.constant(bias_O))

    def model(
        self,
        inputs: Mapping[str, tuple[Any, Sequence[Any]]],
        outputs: Mapping[str, tuple[Any, Sequence[Any]]],
    ) -> Any:
        """Return the checked `onnx.ModelProto`.

        Args:
            inputs: Name → (dtype, shape); free sizes are names.
            outputs: As `inputs`.
        """
        import onnx
        from onnx import helper

        def declare(values: Mapping[str, tuple[Any, Sequence[Any]]]) -> list[Any]:
            kinds = {
                n: helper.np_dtype_to_tensor_dtype(np.dtype(d)) for n, (d, _) in values.items()
            }
            return [helper.make_tensor_value_info(n, kinds[n], s) for n, (_, s) in values.items()]

        graph = helper.make_graph(
            self._nodes, self._name, declare(inputs), declare(outputs), self._tensors
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="rushes"
        )
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model
