"""Files of millions of parts, each of which costs its reader time, are refused in a moment."""

import io
import struct
import zlib

import pytest
from PIL import Image
from tests.conftest import processor_time_below
from tests.images.pictures import draw, encode

from rabisco.errors import TooLargeError
from rabisco.images import decode
from rabisco.images.parts import SCAN, _count_scans

SEVEN = draw()
JPEG, PNG = encode(SEVEN, "JPEG"), encode(SEVEN)
COMPRESSED = zlib.compress(bytes(900_000))


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def scans(number: int) -> bytes:
    """Return a progressive JPEG of 9 megapixels that goes over its pixels so often."""
    buffer = io.BytesIO()
    Image.new("L", (3000, 3000), 77).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * number + data[-2:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PNG[:33] + chunk(b"teSt") * 700_000 + PNG[33:], id="chunks"),
        pytest.param(PNG[:33] + chunk(b"IDAT") * 700_000 + PNG[33:], id="empty pixels"),
        pytest.param(PNG[:33] + chunk(b"iCCP", b"a\0\0" + COMPRESSED) * 8000 + PNG[33:], id="color profiles"),
        pytest.param(JPEG[:2] + b"\xff\xe5\x00\x02" * 4_000_000 + JPEG[2:], id="segments"),
        pytest.param(JPEG[:2] + b"\xff" * 15_000_000 + JPEG[2:], id="filling"),
        pytest.param(scans(2000), id="scans"),
    ],
)
def test_a_file_of_millions_of_parts_is_refused_in_a_moment(data: bytes) -> None:
    with processor_time_below(0.5), pytest.raises(TooLargeError, match="far more parts"):
        decode(data)


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt"])
def test_what_a_picture_says_of_itself_is_not_unfolded(kind: bytes) -> None:
    note = chunk(kind, (b"a\0\1\0\0\0" if kind == b"iTXt" else b"a\0\0") + zlib.compress(bytes(1 << 20)))
    data = PNG[:33] + note * 240 + PNG[33:]
    with processor_time_below(0.1):
        assert (decode(data) == decode(PNG)).all()


def test_files_as_programs_write_them_are_read() -> None:
    notes = b"".join(chunk(b"tEXt", b"a\0" + bytes([65 + number])) for number in range(20))
    assert decode(PNG[:33] + notes + PNG[33:]).shape == SEVEN.shape
    name = b"\xff\xe2\xff\xf0ICC_PROFILE\0"
    profile = b"".join(name + bytes([number, 40]) + bytes(65504) for number in range(1, 41))
    assert decode(JPEG[:2] + profile + JPEG[2:]).shape == SEVEN.shape
    assert max(decode(scans(0)).shape) < 2000


@pytest.mark.parametrize("data", [b"", b"\xff", SCAN, b"\xff" + SCAN, SCAN * 3 + b"\xff\xff\xda\xda\x00" + SCAN])
def test_scans_are_counted_wherever_they_begin(data: bytes) -> None:
    assert _count_scans(data) == data.count(SCAN)
    assert _count_scans(b"\x00" + data) == data.count(SCAN)
