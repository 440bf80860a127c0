"""What an ONNX file says of its network: operations and weights, and the same file with more outputs.

An ONNX file is one protobuf message. Concatenating two such messages merges their repeated fields, so appending a few
bytes to the file adds outputs. Serving needs no ONNX package for this.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import N_, InvalidArtifactError

GRAPH, NODE, NAME, INITIALIZER, OUTPUT = 7, 1, 1, 5, 12  # numbers of the fields of ModelProto and GraphProto
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # wire types
_KINDS = {1: "<f4", 3: "i1", 6: "<i4", 7: "<i8", 10: "<f2", 11: "<f8"}  # of numbers, by TensorProto's data type
_AS_NUMBERS = {4: "<f4", 10: "<f8"}  # fields of a TensorProto that hold the numbers of an array without raw bytes


@dataclass(frozen=True)
class Node:
    """One operation: its kind, such as ``Conv``, and the names of the arrays that go in and come out."""

    operation: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Graph:
    """The network of an ONNX file.

    Args:
        data: The file.

    Attributes:
        nodes: Its operations, each after those that it needs.
        output: Name of its first output.

    Raises:
        InvalidArtifactError: It is no such file.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.nodes: list[Node] = []
        self._arrays: dict[str, memoryview] = {}
        outputs = []
        try:
            for number, value in _fields(_only(data, GRAPH)):
                if number == NODE:
                    self.nodes.append(_node(value))
                elif number == INITIALIZER:
                    self._arrays[_text(_only(value, 8))] = value
                elif number == OUTPUT:
                    outputs.append(_text(_only(value, NAME)))
            self.output = outputs[0]
            self._makers = {name: node for node in self.nodes for name in node.outputs}
        except (IndexError, LookupError, UnicodeDecodeError) as error:
            raise InvalidArtifactError(N_("model.onnx cannot be read; restore it or train again")) from error

    def maker(self, name: str) -> Node | None:
        """Return the operation that an array comes from; ``None`` of weights and inputs."""
        return self._makers.get(name)

    def weights(self, name: str) -> NDArray[np.float32] | None:
        """Return an array of weights by its name, float32; ``None`` if it is none but computed."""
        maker = self.maker(name)
        if maker and maker.operation in ("Cast", "Identity"):
            return self.weights(maker.inputs[0])
        if maker and maker.operation == "Mul":  # steps and their size: weights of 8 bits
            steps, size = (self.weights(one) for one in maker.inputs)
            return None if steps is None or size is None else steps * size
        return _array(self._arrays[name]).astype(np.float32) if name in self._arrays else None

    def with_outputs(self, names: Iterable[str]) -> bytes:
        """Return the file with further arrays as outputs."""
        outputs = b"".join(_encoded(OUTPUT, _encoded(NAME, name.encode())) for name in names)
        return self.data + _encoded(GRAPH, outputs)


def _node(data: memoryview) -> Node:
    texts = [(number, _text(value)) for number, value in _fields(data) if number in (1, 2, 4)]
    inputs, outputs, operation = (tuple(text for at, text in texts if at == number) for number in (1, 2, 4))
    return Node("".join(operation), inputs, outputs)


def _array(data: memoryview) -> NDArray[np.generic]:
    """Return the array in a TensorProto of numbers."""
    shape: list[int] = []
    kind = "<f4"
    raw, numbers = b"", b""
    for number, value in _fields(data):
        if number == 1:
            shape += [value] if isinstance(value, int) else list(_varints(value))
        elif number == 2:
            kind = _KINDS[value]
        elif number == 9:
            raw = bytes(value)
        elif number in _AS_NUMBERS and isinstance(value, memoryview):
            numbers += bytes(value)
    return np.frombuffer(raw or numbers, kind).reshape(shape)


def _fields(data: memoryview | bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field of a message: a whole number, or the bytes of something else."""
    view, place = memoryview(data), 0
    while place < len(view):
        key, place = _varint(view, place)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _varint(view, place)
            yield number, value
            continue
        length = {_EIGHT: 8, _FOUR: 4}.get(wire)
        if length is None:
            if wire != _BYTES:
                raise LookupError(wire)
            length, place = _varint(view, place)
        yield number, view[place : place + length]
        place += length


def _only(data: memoryview | bytes, number: int) -> memoryview:
    found: memoryview = next((value for field, value in _fields(data) if field == number), memoryview(b""))
    return found


def _varints(data: memoryview) -> Iterator[int]:
    place = 0
    while place < len(data):
        value, place = _varint(data, place)
        yield value


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """Return the whole number at a place, seven bits in a byte, and the place after it."""
    value, shift = 0, 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        place += 1
        if byte < 128:
            return value, place
        shift += 7


def _encoded(number: int, content: bytes) -> bytes:
    """Return a field that holds bytes."""
    return _as_varint(number << 3 | _BYTES) + _as_varint(len(content)) + content


def _as_varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _text(value: memoryview) -> str:
    return bytes(value).decode()
