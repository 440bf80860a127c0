"""Data sets kept as NumPy ``.npz`` archives, read without NumPy's loader, which trusts what a header promises.

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (the ``.npy`` format, version 1.0).
"""

import math
import re
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rabisco.data.archive import open_member, open_zip
from rabisco.data.content import invalid, read_exactly

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '(?P<dtype>\|u1|<f4|<U[1-9][0-9]?)', 'fortran_order': False, "
    rb"'shape': \((?P<shape>[0-9]{1,9}(?:, [0-9]{1,9})*),?\), \} *\n"
)


def read_npz(source: IO[bytes], members: tuple[str, ...], name: str) -> tuple[dict[str, Any], list[bytes]]:
    """Return the named arrays of an archive, read-only, and the contents they were read from.

    Args:
        source: The archive.
        members: Names of the arrays, without ``.npy``; uint8, float32 or text, in C order.
        name: Base name of the archive, for the error.

    Raises:
        InvalidDataError: It is damaged, lacks an array, or an array is not what its header promises.
    """
    arrays = {}
    contents = []
    with open_zip(source, name) as archive:
        for member in members:
            with open_member(archive, f"{member}.npy", name) as stream:
                arrays[member], content = _read_npy(stream, f"{member}.npy in {name}")
            contents.append(content)
    return arrays, contents


def _read_npy(stream: IO[bytes], name: str) -> tuple[NDArray[Any], bytes]:
    start = stream.read(len(_MAGIC) + 2)
    if len(start) < len(_MAGIC) + 2 or not start.startswith(_MAGIC):
        raise invalid(name, "a NumPy array, format version 1.0", "something else")
    (size,) = struct.unpack("<H", start[-2:])
    header = _HEADER.fullmatch(stream.read(size))
    if header is None:
        raise invalid(name, "a header of an array of bytes, 32-bit numbers or text", "another header")
    dtype = np.dtype(header["dtype"].decode())
    shape = tuple(int(number) for number in re.findall(rb"[0-9]+", header["shape"]))
    content = read_exactly(stream, math.prod(shape) * dtype.itemsize, name)
    return np.frombuffer(content, dtype).reshape(shape), content
