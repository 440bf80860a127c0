"""What Keras's converter to ONNX does not know of the operations that our models use."""

from typing import Any

import numpy as np


def teach_converter() -> None:
    """Let tf2onnx write TensorFlow's ``Erfc``, which exact GELU is made of, as 1 minus ``Erf``."""
    try:
        from tf2onnx.handler import tf_op
        from tf2onnx.utils import make_name
    except ImportError:  # Keras computes on something else than TensorFlow
        return
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
