"""Bytes of a picture file, or its base64 text, become RGB pixels; what is damaged or too large is refused early."""

import base64
import binascii
import io
import struct
import sys
import threading
import warnings
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from rabisco.errors import (
    N_,
    InvalidImageError,
    InvalidRequestError,
    RabiscoError,
    TooLargeError,
    UnsupportedImageError,
)

FORMATS = (
    "PNG",
    "JPEG",
    "GIF",
    "BMP",
    WebPImagePlugin.WebPImageFile.format,  # named through their modules, which register them
    TiffImagePlugin.TiffImageFile.format,
    AvifImagePlugin.AvifImageFile.format,
)
WORKING_SIDE = 1000  # pixels; a character needs 20, a row of thirty still has 33 each
ORIENTATION_TAG = 0x0112
MOST_PIXELS = 50_000_000  # unless the caller says otherwise
DEPTHS = (8, 10, 12, 14, 16)  # bits that scanners, cameras and programs use of sixteen
MOSTLY_VISIBLE = 0.8  # from here on, what is transparent is the exception and takes the page's colour
CARD = 0.7  # share of its bounding box that a sheet on a transparent ground fills, a round one too
CARD_CONTRAST = 60  # grey levels between a sheet and its writing; one stroke of one colour has none
HIDDEN = 8  # alpha below which a program wrote the channel without meaning it
READABLE = "PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF"
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
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

# Pillow warns while it reads headers, and Python's warning filters belong to the process: one thread at a time.
_header_lock = threading.Lock()


def decode(data: bytes | str, *, max_bytes: int | None = None, max_pixels: int = MOST_PIXELS) -> NDArray[np.uint8]:
    """Return the picture as RGB, upright, whatever its format, colour mode or transparency.

    Sizes are checked in the header, before any pixel is decoded. A picture whose longer side is 2000 pixels or more
    is reduced by a whole factor, so that a photo of a telephone costs little more than a drawing.

    Args:
        data: Content of a picture file; or, as text, base64 (standard or URL-safe) with or without a data-URL prefix.
        max_bytes: Largest file that is read; any if not given.
        max_pixels: Largest picture that is read, width × height.

    Returns:
        uint8 ``(H, W, 3)``, the longer side below 2000. A grey picture is kept once, not three times: its pixels
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
        raise _too_many_bytes(len(data), max_bytes)
    if data.startswith(PNG_SIGNATURE):
        _check_png(data, max_pixels)
    try:
        image, orientation = _open(data, max_pixels)
        if image.format == "TIFF":
            _load_quietly(image)
        elif image.format in ("JPEG", "MPO"):
            _load_reduced(image)
        else:
            image.load()
    except RabiscoError:
        raise
    except Exception as error:  # a damaged file makes Pillow raise anything from struct.error to OverflowError
        raise InvalidImageError(
            N_("expected a whole picture file, received one that is truncated or damaged; export or send it again")
        ) from error
    if image.mode[0] in "IF":
        image = _eight_bits(image)
    return _pixels(image, orientation)


def sent_side(data: bytes | str) -> int:
    """Return the longer side, in pixels, of a picture as it was sent, which ``decode`` may have reduced.

    Args:
        data: As for ``decode``, which must have accepted it.
    """
    return max(_open(decode_base64(data) if isinstance(data, str) else data, sys.maxsize)[0].size)


def decode_base64(text: str, max_bytes: int | None = None) -> bytes:
    """Return the bytes that base64 text stands for; a data URL's prefix, spaces and missing padding are forgiven.

    A form field turns ``+`` into a space where the sender forgot to escape it, so spaces inside count as ``+``.

    Raises:
        InvalidRequestError: The text is not base64.
        TooLargeError: It stands for far more than ``max_bytes``.
    """
    if max_bytes is not None and len(text) > max_bytes * 2:
        raise _too_many_bytes(len(text) * 3 // 4, max_bytes)
    body = text.strip()
    if body[:5].lower() == "data:":
        prefix, _, body = body.partition(",")
        if not prefix.lower().endswith(";base64"):
            raise InvalidRequestError(
                N_("expected a data URL in base64 (data:image/png;base64,...), received another one")
            )
    body = body.strip().replace(" ", "+").translate(_FROM_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError(
            N_(
                "expected a picture as base64 text or data URL, received text that is not base64; "
                "send the file itself or encode all of it"
            )
        ) from error


_FROM_URL_SAFE = str.maketrans("-_", "+/", "\r\n\t")


def _too_many_bytes(received: int, limit: int) -> TooLargeError:
    return TooLargeError(
        N_(
            "expected a file of at most %(limit)s bytes, received %(received)s; send a smaller or more compressed "
            "picture"
        ),
        limit=limit,
        received=received,
    )


def _check_png(data: bytes, max_pixels: int) -> None:
    """Compare each chunk with its checksum, which Pillow does not do for the pixels themselves."""
    position, kind = len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        header = data[position : position + 8]
        length, kind = struct.unpack(">I4s", header) if len(header) == 8 else (0, b"")
        end = position + 8 + length
        if zlib.crc32(data[position + 4 : end]) != int.from_bytes(data[end : end + 4]) or len(data) < end + 4:
            raise InvalidImageError(
                N_("expected a whole PNG file, received one whose end or checksums are wrong; export or send it again")
            )
        position = end + 4
        if kind == b"IHDR" and length >= 8:
            width, height = struct.unpack(">II", data[position - length - 4 : position - length + 4])
            _check_pixels(width, height, max_pixels)


def _open(data: bytes, max_pixels: int) -> tuple[Image.Image, int]:
    """Read the header only; return the lazy image and its EXIF orientation (1 = upright)."""
    try:
        with _header_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            _check_pixels(*image.size, max_pixels)
            turned = "exif" in image.info and image.format != "TIFF"  # Pillow turns a TIFF by itself
            return image, _orientation(image) if turned else 1
    except Image.DecompressionBombError as error:
        raise TooLargeError(
            N_("expected at most %(limit)s pixels, received far more; send the picture made smaller"),
            limit=max_pixels,
        ) from error
    except UnidentifiedImageError as error:
        if data[4:8] == b"ftyp" and data[8:12] in HEIC:
            raise UnsupportedImageError(
                N_(
                    "expected a picture (%(formats)s), received HEIC, which phones take; share it as JPEG, or choose "
                    "the most compatible format in the settings of the camera"
                ),
                formats=READABLE,
            ) from error
        raise UnsupportedImageError(
            N_("expected a picture (%(formats)s), received something else; save it in one of these formats"),
            formats=READABLE,
        ) from error


def begins_as_picture(head: bytes) -> bool:
    """Tell whether a file's first 16 bytes are those of a picture."""
    begins = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
    boxed = head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis", *HEIC)
    bitmap = head[:2] == b"BM" and head[6:10] == b"\0\0\0\0"
    return head.startswith(begins) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or boxed or bitmap


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


def _load_reduced(image: Image.Image) -> None:
    """Decode a JPEG, a large one at a fraction of its pixels."""
    longest = max(image.size)
    if longest >= 2 * WORKING_SIDE:
        image.draft(image.mode, (image.width * WORKING_SIDE // longest, image.height * WORKING_SIDE // longest))
    image.load()


def _load_quietly(image: Image.Image) -> None:
    """Decode a TIFF, further headers of which are read now."""
    with _header_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.load()


def _pixels(image: Image.Image, orientation: int) -> NDArray[np.uint8]:
    """Return a decoded picture as RGB, upright, a large one reduced."""
    transparent = image.has_transparency_data
    if image.mode != "L" or transparent:
        image = image.convert("RGBA" if transparent else "RGB")
    factor = max(image.size) // WORKING_SIDE
    if factor >= 2:
        image = image.reduce(factor)
    if transparent:
        image = _opaque(image)
    upright = image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image
    if upright.mode == "L":
        grey = np.frombuffer(upright.tobytes(), np.uint8).reshape(upright.height, upright.width, 1)
        return np.broadcast_to(grey, (upright.height, upright.width, 3))
    return np.array(upright)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Bring pictures of 16 and 32 bits a pixel, which are all grey, to 8; leave the others as they are."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.uint16)
        depth = next(bits for bits in DEPTHS if int(values.max()) < 1 << bits)  # sixteen may hold as few as eight
        return Image.fromarray((values >> (depth - 8)).astype(np.uint8))
    if image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        low, high = float(values.min()), float(values.max())
        return Image.fromarray(((values - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8))
    return image


def _opaque(image: Image.Image) -> Image.Image:
    """Return RGBA as RGB, what is transparent filled with the colour against which the visible part stands out."""
    alpha = image.getchannel("A")
    pixels = np.asarray(image)
    lowest, highest = int(pixels[..., 3].min()), int(pixels[..., 3].max())
    if lowest == 255 or (highest < HIDDEN and bool(np.ptp(pixels[..., :3], axis=(0, 1)).any())):
        return image.convert("RGB")
    page = Image.new("RGB", image.size, _page_colour(pixels))
    page.paste(image, mask=alpha)
    return page


def _page_colour(pixels: NDArray[np.uint8]) -> tuple[int, int, int]:
    step = 1 + max(side // 500 for side in pixels.shape[:2])
    pixels = pixels[::step, ::step]
    visible = pixels[pixels[..., 3] > 127, :3]
    if not len(visible):
        return 255, 255, 255
    if len(visible) > MOSTLY_VISIBLE * pixels[..., 3].size or _is_card(pixels):
        red, green, blue = np.median(visible, axis=0)
        return int(red), int(green), int(blue)
    return (255, 255, 255) if visible.mean() < 128 else (0, 0, 0)


def _is_card(pixels: NDArray[np.uint8]) -> bool:
    """Return whether what is visible is a sheet with writing on it, not the writing itself; RGBA ``(H, W, 4)``."""
    opaque = pixels[..., 3] > 127
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    opaque, grey = opaque[box], pixels[box][..., :3].mean(axis=2)
    shades = grey[opaque]
    if opaque.mean() < CARD or np.ptp(shades) < CARD_CONTRAST:
        return False
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(opaque.astype(np.uint8), cross, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    edge = grey[opaque & (inner == 0)]
    return bool((np.abs(edge - np.median(shades)) < CARD_CONTRAST / 2).mean() > MOSTLY_VISIBLE)
