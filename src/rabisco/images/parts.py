"""Which parts a picture file may have, and how many: each costs time, and small files hold millions."""

import numpy as np

from rabisco.errors import N_, TooLargeError

GRAY, RGB, RGBA = 0, 2, 6  # what a pixel of a PNG has
PLAIN_ROWS = tuple(bytes((8, values, 0, 0, 0)) for values in (GRAY, RGB, RGBA))  # of eight bits, one after the other
PIXEL_CHUNKS = (b"IDAT", b"fdAT", b"fcTL")
PLAIN = {b"IHDR", b"IDAT", b"IEND", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"tIME"}  # of which none changes a pixel here
UNFOLDED = (b"iCCP", b"zTXt", b"iTXt")  # color profile and texts of a PNG, compressed
MOST_CHUNKS = 20_000  # of a PNG; programs write 8 kB of pixels into each
MOST_NOTES = 250  # chunks of a PNG of other kinds
MOST_SEGMENTS = 2_000  # of a JPEG before its pixels; the color profile of a camera takes 10
MOST_SCANS = 100  # of a progressive JPEG, each of which goes over all pixels; programs write 10
SCAN = b"\xff\xda"


def check_jpeg(data: bytes) -> None:
    """Refuse a JPEG that holds more parts than any program writes.

    Raises:
        TooLargeError: It does.
    """
    if _count_scans(data) > MOST_SCANS:
        raise too_many_parts()
    position = 2
    for _ in range(MOST_SEGMENTS):
        if data[position : position + 2] == SCAN or position >= len(data):
            return
        if data[position] != 0xFF or data[position + 1 : position + 2] in (b"\x00", b"\xff"):
            position += 1
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4])
    raise too_many_parts()


def _count_scans(data: bytes) -> int:
    """Return ``data.count(SCAN)`` in a tenth of the time: pairs of bytes are compared, at even places, then odd."""
    pairs = (np.frombuffer(data, "<u2", (len(data) - start) // 2, start) for start in (0, 1) if len(data) > start + 1)
    return sum(int(np.count_nonzero(one == int.from_bytes(SCAN, "little"))) for one in pairs)


def too_many_parts() -> TooLargeError:
    """Return the error for a file with more parts than any program writes."""
    return TooLargeError(
        N_("expected a picture as programs write it, received a file of far more parts; export the picture again")
    )
