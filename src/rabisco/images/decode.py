"""Bytes of a picture file, or its base64 text, become RGB pixels; what is damaged or too large is refused early."""

import io
import struct
import sys
import threading
import warnings
import zlib
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from rabisco.errors import N_, InvalidImageError, RabiscoError, Sentence, TooLargeError
from rabisco.images.alpha import opaque
from rabisco.images.depth import GRAY, PNG_DEPTH, brightened, deep_colors, eight_bits
from rabisco.images.encoded import decode_base64, too_many_bytes
from rabisco.images.foreign import heic_is_read, is_heic, unsupported
from rabisco.images.geometry import as_rgb
from rabisco.images.large import LARGE, WORKING_SIDE, large_webp, one_at_a_time, reduced
from rabisco.images.parts import (
    MOST_CHUNKS,
    MOST_NOTES,
    PIXEL_CHUNKS,
    PLAIN,
    PLAIN_ROWS,
    RGB,
    RGBA,
    UNFOLDED,
    check_jpeg,
    too_many_parts,
)
from rabisco.images.unfinished import without_end

FORMATS = (
    "PNG",
    "JPEG",
    "GIF",
    "BMP",
    WebPImagePlugin.WebPImageFile.format,  # named through their modules, which register them
    TiffImagePlugin.TiffImageFile.format,
    AvifImagePlugin.AvifImageFile.format,
)
ORIENTATION_TAG = 0x0112
TIFF_DEPTHS = 0x0102  # tag of the bits of each value of a pixel
MOST_PIXELS = 50_000_000  # unless the caller says otherwise
UPRIGHT = {  # EXIF orientation -> what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8"

# Pillow warns while it reads headers, and Python's warning filters belong to the process: one thread at a time.
_header_lock = threading.Lock()


def decode(
    data: bytes | str,
    *,
    max_bytes: int | None = None,
    max_pixels: int = MOST_PIXELS,
    notes: list[Sentence] | None = None,
    admit: Callable[[int], object] | None = None,
) -> NDArray[np.uint8]:
    """Return the picture as RGB, upright, whatever its format, color mode or transparency.

    Sizes are checked in the header, before any pixel is decoded. A picture whose longer side is 2000 pixels or more
    is reduced by a whole factor, so that a photo of a telephone costs little more than a drawing. None takes more than
    16 bytes for each of its pixels, and of those of 8 megapixels and more one at a time is decoded.

    Args:
        data: Content of a picture file; or, as text, base64 (standard or URL-safe) with or without a data-URL prefix.
        max_bytes: Largest file that is read; any if not given.
        max_pixels: Largest picture that is read, width × height.
        notes: Gets what a reader should know of a picture that was read nonetheless: that its end is missing.
        admit: Is told how many pixels it has before they are decoded, and may refuse it by a ``RabiscoError``.

    Returns:
        uint8 ``(H, W, 3)``, the longer side below 2000. A gray picture is kept once, not three times: its pixels
        cannot be written to.

    Raises:
        InvalidRequestError: The text is not base64.
        InvalidImageError: There are no bytes, or the file is truncated or damaged.
        UnsupportedImageError: The bytes are not a picture in a format read here.
        TooLargeError: More bytes or pixels than allowed.
    """
    if isinstance(data, str):
        data = decode_base64(data, max_bytes)
    if not data:
        raise InvalidImageError(N_("expected a picture file, received zero bytes; choose the file again"))
    if max_bytes is not None and len(data) > max_bytes:
        raise too_many_bytes(len(data), max_bytes)
    plain = False
    if data.startswith(PNG_SIGNATURE):
        data, plain = _checked_png(data, max_pixels)
    elif data.startswith(JPEG_SIGNATURE):
        check_jpeg(data)
    try:
        if plain and (pixels := _plain_png(data, admit)) is not None:
            return pixels
        image, orientation = _open(data, max_pixels)
        if admit is not None and not plain:
            admit(image.width * image.height)
        if image.width * image.height >= LARGE:
            with one_at_a_time:
                return _pixels(_loaded(data, image, notes), orientation)
        if image.format == "PNG" and data[PNG_DEPTH] != 16:
            image.load()
        else:
            image = _loaded(data, image, notes)
        return _pixels(image, orientation)
    except RabiscoError:
        raise
    except Exception as error:  # a damaged file makes Pillow raise anything from struct.error to OverflowError
        raise InvalidImageError(
            N_("expected a whole picture file, received one that is truncated or damaged; export or send it again")
        ) from error


def sent_side(data: bytes | str) -> int:
    """Return the longer side, in pixels, of a picture as it was sent, which ``decode`` may have reduced.

    Args:
        data: As for ``decode``, which must have accepted it.
    """
    return max(_open(decode_base64(data) if isinstance(data, str) else data, sys.maxsize)[0].size)


def _checked_png(data: bytes, max_pixels: int) -> tuple[bytes, bool]:
    """Compare each chunk with its checksum, which Pillow does not do for the pixels themselves, and count them.

    Returns:
        The file without its compressed color profile and text chunks, which Pillow would expand up to a thousandfold;
        and whether it is a small PNG that holds only 8-bit gray, RGB or RGBA rows.
    """
    position, kind = len(PNG_SIGNATURE), b""
    chunks = notes = begin = width = height = 0
    kept, kinds = [], set[bytes]()
    while kind != b"IEND":
        header = data[position : position + 8]
        length, kind = struct.unpack(">I4s", header) if len(header) == 8 else (0, b"")
        end = position + 8 + length
        if zlib.crc32(data[position + 4 : end]) != int.from_bytes(data[end : end + 4]) or len(data) < end + 4:
            raise InvalidImageError(
                N_("expected a whole PNG file, received one whose end or checksums are wrong; export or send it again")
            )
        if kind == b"IHDR" and length >= 8:
            width, height = struct.unpack_from(">II", data, position + 8)
            _check_pixels(width, height, max_pixels)
        if kind in UNFOLDED:
            kept.append(data[begin:position])
            begin = end + 4
        position = end + 4
        kinds.add(kind)
        chunks += 1
        notes += kind not in PIXEL_CHUNKS
        if chunks > MOST_CHUNKS or notes > MOST_NOTES:
            raise too_many_parts()
    first = data[PNG_DEPTH - 12 : PNG_DEPTH - 8] == b"IHDR" and data[PNG_DEPTH : PNG_DEPTH + 5] in PLAIN_ROWS
    plain = first and kinds <= PLAIN and max(width, height) < 2 * WORKING_SIDE
    return b"".join((*kept, data[begin:])) if kept else data, plain


def _plain_png(data: bytes, admit: Callable[[int], object] | None) -> NDArray[np.uint8] | None:
    """Return the pixels of a plain PNG by OpenCV, in seven tenths of Pillow's time.

    Returns:
        ``None`` if any pixel is transparent or the data is damaged; Pillow then decodes the file or reports the error.
    """
    if admit is not None:
        width, height = struct.unpack_from(">II", data, PNG_DEPTH - 8)
        admit(width * height)
    values = data[PNG_DEPTH + 1]
    way = cv2.IMREAD_COLOR_RGB if values == RGB else cv2.IMREAD_UNCHANGED
    read = cv2.imdecode(np.frombuffer(data, np.uint8), way)
    if read is None or (values == RGBA and read[..., 3].min() < 255):
        return None
    if values == RGBA:
        return _shown(np.asarray(cv2.cvtColor(read, cv2.COLOR_BGRA2RGB), np.uint8))
    return _shown(np.asarray(read if values == RGB else read[..., np.newaxis], np.uint8))


def _open(data: bytes, max_pixels: int) -> tuple[Image.Image, int]:
    """Read the header only; return the lazy image and its EXIF orientation (1 = upright)."""
    try:
        with _header_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            formats = ("HEIF",) if is_heic(data) and heic_is_read() else FORMATS
            image = Image.open(io.BytesIO(data), formats=formats)
            _check_pixels(*image.size, max_pixels)
            turned = "exif" in image.info and image.format != "TIFF"  # Pillow turns a TIFF by itself
            return image, _orientation(image) if turned else 1
    except Image.DecompressionBombError as error:
        raise TooLargeError(
            N_("expected at most %(limit)s pixels, received far more; send the picture made smaller"),
            limit=max_pixels,
        ) from error
    except UnidentifiedImageError as error:
        raise unsupported(data) from error


def _check_pixels(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise TooLargeError(
            N_("expected at most %(limit)s pixels, received %(width)s × %(height)s; send the picture made smaller"),
            limit=max_pixels,
            width=width,
            height=height,
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:
        return 1  # damaged notes about the picture are no reason to refuse the picture


def _loaded(data: bytes, image: Image.Image, notes: list[Sentence] | None) -> Image.Image:
    """Return a picture whose header was read, decoded; a large JPEG or WebP at a fraction of its pixels."""
    if image.format == "TIFF":
        return _tiff(data, image)
    if image.format in ("JPEG", "MPO"):
        return _jpeg(data, image, notes)
    if image.format == "PNG" and data[PNG_DEPTH] == 16 and data[PNG_DEPTH + 1] != GRAY:
        return deep_colors(data, max(image.size) // WORKING_SIDE) or _load(image)
    if image.format == "WEBP" and image.width * image.height >= LARGE:
        return large_webp(data, image) or _load(image)
    return _load(image)


def _load(image: Image.Image) -> Image.Image:
    image.load()
    return image


def _jpeg(data: bytes, image: Image.Image, notes: list[Sentence] | None) -> Image.Image:
    """Return a JPEG, a large one at a fraction of its pixels; one that lacks only its end with a note."""
    longest = max(image.size)
    size = (image.width * WORKING_SIDE // longest, image.height * WORKING_SIDE // longest)

    def read(opened: Image.Image) -> Image.Image:
        if longest >= 2 * WORKING_SIDE:
            opened.draft(opened.mode, size)
        return _load(opened)

    try:
        return read(image)
    except OSError:
        mended = without_end(data, lambda ended: read(_open(ended, sys.maxsize)[0]))
        if mended is None:
            raise
    if notes is not None:
        notes.append(Sentence(N_("the end of the file is missing; what there is of the picture was read")))
    return mended


def _tiff(data: bytes, image: Image.Image) -> Image.Image:
    """Return a TIFF, decoded; further headers of it are read now."""
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    upright = tags.get(ORIENTATION_TAG, 1) == 1
    if image.mode in ("RGB", "RGBA") and 16 in tags.get(TIFF_DEPTHS, ()) and upright:
        deep = deep_colors(data, max(image.size) // WORKING_SIDE)
        if deep is not None:
            return deep
    with _header_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _load(image)


def _pixels(image: Image.Image, orientation: int) -> NDArray[np.uint8]:
    """Return a decoded picture as RGB, upright, a large one reduced."""
    transparent = image.has_transparency_data
    factor = max(image.size) // WORKING_SIDE
    if image.mode[0] in "IF":
        image = eight_bits(image.reduce(factor) if factor >= 2 and image.mode in "IF" else image)
    mode = "RGBA" if transparent else "L" if image.mode == "L" else "RGB"
    if factor >= 2:
        image = reduced(image, mode, max(1, max(image.size) // WORKING_SIDE))
    elif image.mode != mode:
        image = image.convert(mode)
    if transparent:
        image = opaque(image)
    upright = image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image
    if upright.mode == "L":
        return _shown(np.frombuffer(upright.tobytes(), np.uint8).reshape(upright.height, upright.width, 1))
    return _shown(np.array(upright))


def _shown(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels, ``(H, W, 1)`` or ``(H, W, 3)``, as RGB and as bright as they are meant."""
    if pixels[0, 0, 0] <= 1:
        pixels = brightened(pixels)
    return as_rgb(pixels[..., 0]) if pixels.shape[2] == 1 else pixels
