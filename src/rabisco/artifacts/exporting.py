"""What the files of a model need beyond their export: an operation that the converter lacks, and less size."""

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGE = 1024  # numbers; smaller arrays, as those of normalizations, keep their precision
MOST_HALF = 60_000.0  # float16 reaches 65,504
MOST_STEPS = 127  # int8
SAME = 0.01  # of a step


def export(model: Any, weights: Path, path: Path) -> None:
    """Write a Keras model as ONNX.

    Keras's exporters for PyTorch and JAX need packages of their own and name the graph's parts otherwise, so a process
    on TensorFlow does it, whatever Keras computes on here.

    Args:
        model: It has been called.
        weights: The same model as HDF5.
        path: Of the file to write.
    """
    keras = sys.modules.get("keras")
    if keras is None or keras.backend.backend() == "tensorflow":
        if "tensorflow" in sys.modules:
            _teach_converter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of Keras's converter, about NumPy
            model.export(str(path), format="onnx", verbose=False)
        return
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([sys.executable, "-c", _ELSEWHERE, weights, path], env=environment, check=True)


_ELSEWHERE = """
import sys
from pathlib import Path
from rabisco.models.backend import start_keras
start_keras()
import keras
from rabisco.artifacts.exporting import export
weights, path = map(Path, sys.argv[1:])
model = keras.saving.load_model(weights, compile=False)
model(keras.ops.zeros((1, *model.input_shape[1:]), "uint8"))
export(model, weights, path)
"""


def _teach_converter() -> None:
    """Let tf2onnx write TensorFlow's ``Erfc``, which exact GELU is made of, as 1 minus ``Erf``."""
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


def round_kernels(model: Any) -> None:
    """Round each filter of the large kernels of a Keras model to multiples of a power of two, 127 at most.

    A filter is what the last axis counts. What is written with 8 bits a weight is then exactly what was judged.
    """
    for layer in model.layers:
        values = layer.get_weights()
        rounded = [_rounded(value) if value.ndim > 1 and value.size >= LARGE else value for value in values]
        if any(one is not other for one, other in zip(values, rounded, strict=True)):
            layer.set_weights(rounded)


def _rounded(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
    step = np.exp2(np.ceil(np.log2(np.maximum(largest, 1e-30) / MOST_STEPS))).astype(np.float32)
    rounded: NDArray[np.float32] = np.rint(kernel / step) * step
    return rounded


def shrink_onnx(path: Path) -> None:
    """Write the large arrays of an ONNX file with 8 bits a number where nothing is lost by it, with 16 elsewhere.

    ONNX Runtime turns them into float32 once, when it loads the file.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    made, steps = [], []
    for array in graph.initializer:
        values = numpy_helper.to_array(array)
        if array.data_type != TensorProto.FLOAT or values.size < LARGE or np.abs(values).max() >= MOST_HALF:
            continue
        name = array.name
        counted, small = _in_steps(values), f"{name}_small"
        if counted is None:
            array.CopyFrom(numpy_helper.from_array(values.astype(np.float16), small))
            made.append(helper.make_node("Cast", [small], [name], f"{name}_cast", to=TensorProto.FLOAT))
        else:
            array.CopyFrom(numpy_helper.from_array(counted[0], small))
            steps.append(numpy_helper.from_array(counted[1], f"{name}_step"))
            made.append(helper.make_node("Cast", [small], [f"{name}_count"], f"{name}_cast", to=TensorProto.FLOAT))
            made.append(helper.make_node("Mul", [f"{name}_count", f"{name}_step"], [name], f"{name}_scaled"))
    graph.initializer.extend(steps)
    nodes = [*made, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


def _in_steps(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]] | None:
    """Return kernels as multiples, int8, of one step for each filter, float32; ``None`` where they are none.

    A filter is what the first axis of a convolution's kernel counts in ONNX, and the last of a matrix.
    """
    rest = tuple(range(1, values.ndim)) if values.ndim > 2 else (0,)
    sizes = np.abs(values)
    step = np.min(np.where(sizes > 0, sizes, np.inf), axis=rest, keepdims=True)
    step = np.where(np.isfinite(step), step, 1).astype(np.float32)
    counts = np.rint(values / step)
    if np.abs(counts).max() > MOST_STEPS or np.abs(values / step - counts).max() > SAME:
        return None
    return counts.astype(np.int8), step


def compress_weights(path: Path) -> None:
    """Write the large arrays of an HDF5 file anew, compressed; any program that reads HDF5 reads them as before."""
    import h5py

    def copy(source: Any, target: Any) -> None:
        for key, value in source.attrs.items():
            target.attrs[key] = value
        for name, item in source.items():
            if isinstance(item, h5py.Group):
                copy(item, target.create_group(name))
            elif item.size < LARGE:
                source.copy(item, target, name)
            else:
                target.create_dataset(name, data=item[()], compression="gzip", shuffle=True, chunks=item.shape)

    smaller = path.with_suffix(".smaller")
    with h5py.File(path, "r") as source, h5py.File(smaller, "w") as target:
        copy(source, target)
    smaller.replace(path)
