"""What the ONNX file of a model needs beyond its export: an operation that the converter lacks, and half its size."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

LARGE = 1024  # numbers; smaller arrays, as those of normalizations, keep their precision
MOST_HALF = 60_000.0  # float16 reaches 65,504


def teach_converter() -> None:
    """Let tf2onnx write TensorFlow's ``Erfc``, which exact GELU is made of, as 1 minus ``Erf``."""
    if "tensorflow" not in sys.modules:
        return  # Keras computes on something else
    try:
        from tf2onnx.handler import tf_op
        from tf2onnx.utils import make_name
    except ImportError:
        return  # the export says that tf2onnx is missing
    if any("Erfc" in known for domain in tf_op.get_opsets().values() for known in domain):
        return

    @tf_op("Erfc")
    class Erfc:
        @classmethod
        def version_9(cls, ctx: Any, node: Any, **_: Any) -> None:
            one = ctx.make_const(make_name("one"), np.array(1, np.float32))
            erf = ctx.make_node("Erf", [node.input[0]])
            node.type = "Sub"
            ctx.replace_inputs(node, [one.output[0], erf.output[0]])


def halve(path: Path) -> None:
    """Keep the large arrays of an ONNX file as float16, half its size; what computes with them still gets float32.

    ONNX Runtime turns them into float32 once, when it loads the file.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    casts = []
    for array in graph.initializer:
        values = numpy_helper.to_array(array)
        if array.data_type == TensorProto.FLOAT and values.size >= LARGE and np.abs(values).max() < MOST_HALF:
            name = array.name
            array.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)
