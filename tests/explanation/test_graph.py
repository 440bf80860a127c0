"""The network in an ONNX file is what the onnx package reads in it."""

from pathlib import Path

import numpy as np
import pytest

from rabisco.artifacts import BUNDLED_DIR
from rabisco.errors import InvalidArtifactError
from rabisco.explanation.graph import Graph

FILES = sorted(BUNDLED_DIR.glob("*/model.onnx"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_operations_and_weights_are_those_that_the_onnx_package_reads(path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    graph, expected = Graph(path.read_bytes()), onnx.load(path).graph
    assert graph.output == expected.output[0].name
    read = [(node.operation, node.inputs, node.outputs) for node in graph.nodes]
    assert read == [(node.op_type, tuple(node.input), tuple(node.output)) for node in expected.node]
    for array in expected.initializer:
        np.testing.assert_array_equal(graph.weights(array.name), onnx.numpy_helper.to_array(array).astype(np.float32))
    assert graph.weights(graph.output) is None


def test_further_outputs_are_all_that_is_added() -> None:
    onnx = pytest.importorskip("onnx")
    data = (BUNDLED_DIR / "mnist-tiny" / "model.onnx").read_bytes()
    before = onnx.load_from_string(data)
    names = [before.graph.node[3].output[0], "x" * 300]
    after = onnx.load_from_string(Graph(data).with_outputs(names))
    assert [one.name for one in after.graph.output] == [before.graph.output[0].name, *names]
    del after.graph.output[1:]
    assert after == before


@pytest.mark.parametrize("data", [b"", b"not a network", b"\x3a\x04\x0a\xff\xff\xff", bytes(100)])
def test_what_is_no_network_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidArtifactError):
        Graph(data)


def test_a_file_cut_anywhere_is_refused_or_read() -> None:
    data = (BUNDLED_DIR / "mnist-linear" / "model.onnx").read_bytes()
    for end in range(0, len(data), 977):
        try:
            Graph(data[:end])
        except InvalidArtifactError:
            continue
        raise AssertionError(end)  # the outputs come last


def test_weights_of_8_bits_are_read_with_their_steps(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from rabisco.artifacts.exporting import shrink_onnx

    model, drawn = onnx.load(BUNDLED_DIR / "mnist-tiny" / "model.onnx"), np.random.default_rng(2)
    large = next(array for array in model.graph.initializer if np.prod(array.dims) >= 1024)
    counts = drawn.integers(-127, 128, tuple(large.dims))
    counts.reshape(len(counts), -1)[:, :2] = 1, 127
    values = (counts * 0.0078125).astype(np.float32)
    large.CopyFrom(onnx.numpy_helper.from_array(values, large.name))
    onnx.save(model, tmp_path / "model.onnx")
    shrink_onnx(tmp_path / "model.onnx")
    graph = Graph((tmp_path / "model.onnx").read_bytes())
    assert graph.maker(large.name)
    np.testing.assert_allclose(graph.weights(large.name), values, atol=1e-6)
