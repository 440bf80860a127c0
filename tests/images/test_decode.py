"""Any picture file becomes RGB pixels; what is damaged, foreign or too large is refused with its own error."""

import base64
import contextlib
import struct
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.conftest import processor_time_below
from tests.images.pictures import draw, encode

from rabisco.errors import (
    InvalidImageError,
    InvalidRequestError,
    RabiscoError,
    TooLargeError,
    UnsupportedImageError,
)
from rabisco.images import decode, prepare

DECODING = sys.modules["rabisco.images.decode"]  # the module: in the package, the function has its name
SEVEN = draw()
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}, "GIF": {}}
FILES = {name: encode(SEVEN, name, **options) for name, options in {**LOSSLESS, "JPEG": {"quality": 90}}.items()}
ORIENTATIONS = {
    1: lambda picture: picture,
    2: np.fliplr,
    3: lambda picture: np.rot90(picture, 2),
    4: np.flipud,
    5: lambda picture: picture.transpose(1, 0, 2),
    6: lambda picture: np.rot90(picture, 1),
    7: lambda picture: np.rot90(picture.transpose(1, 0, 2), 2),
    8: lambda picture: np.rot90(picture, -1),
}


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def plain_png(values: int, depth: int = 8, extra: bytes = b"", cut: int | None = None) -> bytes:
    """Return a PNG of noise, 31×17, each row with another filter; packed rows end at ``cut``."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[values]
    random = np.random.default_rng(values)
    rows = b"".join(bytes([row % 5]) + random.bytes((31 * bits + 7) // 8) for row in range(17))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 31, 17, depth, values, 0, 0, 0))
    packed = zlib.compress(rows)[:cut]
    half = len(packed) // 2
    parts = header, extra, chunk(b"IDAT", packed[:half]), chunk(b"IDAT", packed[half:]), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


COLORS = chunk(b"PLTE", bytes(range(256)) * 3)
KEYED = {0: chunk(b"tRNS", b"\0\7"), 2: chunk(b"tRNS", b"\0\7\0\7\0\7")}  # one value, or color, is transparent
CHUNKS = {
    "none": b"",
    "sRGB": chunk(b"sRGB", b"\0"),
    "gAMA": chunk(b"gAMA", struct.pack(">I", 100_000)),
    "cHRM": chunk(b"cHRM", struct.pack(">8I", *range(10_000, 90_000, 10_000))),
    "pHYs": chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    "tIME": chunk(b"tIME", struct.pack(">HBBBBB", 2026, 11, 29, 12, 0, 0)),
}


def by_pillow(data: bytes, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.uint8] | str:
    """Return what Pillow alone makes of a file, or why it makes nothing."""
    with monkeypatch.context() as alone:
        alone.setattr(DECODING, "PLAIN", frozenset())
        return outcome(data)


def outcome(data: bytes) -> NDArray[np.uint8] | str:
    try:
        return decode(data)
    except RabiscoError as error:
        return str(error)


@pytest.mark.parametrize("extra", CHUNKS)
@pytest.mark.parametrize("values", [0, 2, 6])
def test_a_plain_png_is_what_pillow_makes_of_it(values: int, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = decode(plain_png(values, extra=CHUNKS[extra]))
    np.testing.assert_array_equal(read, by_pillow(plain_png(values, extra=CHUNKS[extra]), monkeypatch))
    assert read.shape == (17, 31, 3)
    assert np.ptp(read) > 200
    assert by_opencv(plain_png(values, extra=CHUNKS[extra])) is True


@pytest.mark.parametrize(
    ("values", "depth", "extra"),
    [(0, 1, b""), (0, 16, b""), (2, 16, b""), (3, 8, COLORS), (4, 8, b""), (0, 8, KEYED[0]), (2, 8, KEYED[2])],
    ids=str,
)
def test_a_png_of_another_kind_is_left_to_pillow(values: int, depth: int, extra: bytes) -> None:
    assert by_opencv(plain_png(values, depth, extra)) is False
    assert decode(plain_png(values, depth, extra)).shape == (17, 31, 3)


@pytest.mark.parametrize("values", [0, 2, 6])
def test_rows_that_end_early_are_told_as_pillow_tells_them(values: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for cut in (-1, -4, -40, -200, 3):
        broken = plain_png(values, cut=cut)
        np.testing.assert_array_equal(outcome(broken), by_pillow(broken, monkeypatch))


def test_a_png_whose_header_is_missing_or_comes_late_is_damaged() -> None:
    whole = plain_png(2)
    start, header, rest = whole[:8], whole[8:33], whole[33:]
    for broken in (start + rest, start + chunk(b"IDAT", header) + rest, start + rest[:-12] + header + rest[-12:]):
        with pytest.raises((InvalidImageError, UnsupportedImageError)):
            decode(broken)


def by_opencv(data: bytes) -> bool:
    return bool(DECODING._checked_png(data, 10**6)[1])


def test_an_opaque_alpha_channel_is_left_out_and_a_picture_counted_once() -> None:
    image, told = Image.fromarray(SEVEN).convert("RGBA"), list[int]()
    read = decode(encode(np.asarray(image), "PNG"), admit=told.append)
    np.testing.assert_array_equal(read, SEVEN)
    image.putalpha(100)
    decode(encode(np.asarray(image), "PNG"), admit=told.append)
    assert told == [SEVEN.shape[0] * SEVEN.shape[1]] * 2


@pytest.mark.parametrize("name", LOSSLESS)
def test_every_lossless_format_keeps_its_pixels(name: str) -> None:
    np.testing.assert_array_equal(decode(FILES[name]), SEVEN)


def test_a_jpeg_is_read_as_it_was_saved() -> None:
    assert np.abs(decode(FILES["JPEG"]).astype(int) - SEVEN).mean() < 2


def test_pixels_are_writable_rgb_bytes() -> None:
    picture = decode(FILES["PNG"])
    assert picture.dtype == np.uint8
    assert picture.shape == (280, 280, 3)
    assert picture.flags.writeable


def test_a_gray_picture_is_kept_once_and_looks_like_rgb() -> None:
    gray = Image.fromarray(SEVEN).convert("L")
    picture = decode(encode(gray, "PNG"))
    np.testing.assert_array_equal(picture, np.asarray(gray.convert("RGB")))
    assert picture.strides[2] == 0
    assert not picture.flags.writeable  # what is written to one channel would be in all
    for normalizer in ("mnist@1", "emnist@1", "photo32@2"):
        np.testing.assert_array_equal(prepare(picture, normalizer).pixels, prepare(picture.copy(), normalizer).pixels)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "RGBA", "CMYK", "I;16", "I"])
def test_every_color_mode_gives_the_same_black_and_white(mode: str) -> None:
    gray = Image.fromarray(SEVEN).convert("L")
    if mode in ("I;16", "I"):
        image = Image.fromarray(np.asarray(gray).astype(np.uint16 if mode == "I;16" else np.int32) * 257)
    else:
        image = Image.fromarray(SEVEN).convert(mode) if mode != "1" else gray.convert("1", dither=Image.Dither.NONE)
    file_format = "TIFF" if mode in ("CMYK", "PA", "I") else "PNG"
    if mode == "PA":
        image = Image.fromarray(SEVEN).convert("LA")
    np.testing.assert_array_equal(decode(encode(image, file_format)) > 127, SEVEN > 127)


def test_sixteen_bits_are_read_as_eight() -> None:
    gray = np.arange(256, dtype=np.uint16).reshape(16, 16)
    np.testing.assert_array_equal(decode(encode(gray * 257))[..., 0], gray)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_sixteen_bits_that_hold_fewer_are_as_bright_as_they_were(bits: int) -> None:
    gray = np.arange(256, dtype=np.uint16).reshape(16, 16) << (bits - 8)
    np.testing.assert_array_equal(decode(encode(gray))[..., 0], gray >> (bits - 8))


def test_floating_point_tiff_is_stretched_over_its_range() -> None:
    picture = decode(encode(np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20), "TIFF"))
    assert picture.min() == 0
    assert picture.max() == 255


def test_cmyk_jpeg_is_read() -> None:
    picture = decode(encode(Image.fromarray(SEVEN).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(picture.astype(int) - SEVEN).mean() < 4


def test_only_the_first_frame_of_an_animation_counts() -> None:
    other = Image.new("RGB", (280, 280), "red")
    data = encode(Image.fromarray(SEVEN), "GIF", save_all=True, append_images=[other])
    np.testing.assert_array_equal(decode(data), SEVEN)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_picture_held_sideways_is_turned_upright(orientation: int, file_format: str) -> None:
    upright = draw((120, 200), height=100, place=(20, 40))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(ORIENTATIONS[orientation](upright))
    options = {"lossless": True} if file_format == "WEBP" else {"quality": 95} if file_format == "JPEG" else {}
    picture = decode(encode(stored, file_format, exif=exif, **options))
    assert picture.shape == upright.shape
    assert np.abs(picture.astype(int) - upright).mean() < 3


def test_damaged_notes_about_the_picture_do_not_matter() -> None:
    data = encode(SEVEN, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert decode(data).shape == SEVEN.shape


def transparent(pen: int, coverage: float = 1.0) -> NDArray[np.uint8]:
    picture = np.zeros((280, 280, 4), np.uint8)
    picture[..., :3] = pen
    picture[..., 3] = (255 - SEVEN[..., 0]) * coverage
    return picture


def test_dark_strokes_on_nothing_are_put_on_white() -> None:
    np.testing.assert_array_equal(decode(encode(transparent(0))), SEVEN)


def test_light_strokes_on_nothing_are_put_on_black() -> None:
    np.testing.assert_array_equal(decode(encode(transparent(255))), 255 - SEVEN)


def test_a_palette_with_a_transparent_color_is_put_on_a_contrasting_page() -> None:
    image = Image.fromarray((SEVEN[..., 0] < 128).astype(np.uint8), "L").convert("P")
    image.putpalette([255, 255, 255, 20, 20, 20])
    picture = decode(encode(image, "PNG", transparency=0))
    np.testing.assert_array_equal(picture < 128, SEVEN < 128)


def test_a_page_with_transparent_corners_keeps_the_color_of_its_page() -> None:
    picture = np.dstack([SEVEN, np.full((280, 280), 255, np.uint8)])
    picture[:20, :20] = 0
    np.testing.assert_array_equal(decode(encode(picture)), SEVEN)


def test_a_wholly_transparent_picture_is_blank() -> None:
    assert prepare(decode(encode(np.zeros((50, 50, 4), np.uint8))), "mnist@1").blank


@pytest.mark.parametrize("alpha", [0, 1])
def test_an_alpha_channel_that_hides_everything_hides_nothing(alpha: int) -> None:
    np.testing.assert_array_equal(decode(encode(np.dstack([SEVEN, np.full((280, 280), alpha, np.uint8)]))), SEVEN)


def sheet_on_nothing(picture: NDArray[np.uint8], shape: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Return a picture, as far as ``shape`` shows it, in the middle of a wide transparent ground, RGBA."""
    ground = np.zeros((600, 600, 4), np.uint8)
    ground[160:440, 160:440] = np.dstack([picture, np.full((280, 280), 255, np.uint8)])
    if shape is not None:
        ground[160:440, 160:440, 3] *= shape
    return ground


@pytest.mark.parametrize("picture", [SEVEN, 255 - SEVEN], ids=["dark on light", "light on dark"])
@pytest.mark.parametrize("round_one", [False, True], ids=["square", "round"])
def test_a_sheet_on_a_wide_transparent_ground_gives_the_ground_its_color(
    picture: NDArray[np.uint8], round_one: bool
) -> None:
    rows, columns = np.mgrid[:280, :280] - 140
    shape = rows**2 + columns**2 < 140**2 if round_one else None
    read = decode(encode(sheet_on_nothing(picture, shape)))
    np.testing.assert_array_equal(read[160:440, 160:440], picture)
    assert (read[0, 0] == picture[0, 0]).all()


def test_a_thick_stroke_is_no_sheet_even_with_an_outline() -> None:
    bar = np.zeros((280, 120, 4), np.uint8)
    bar[40:240, 40:80] = 255, 255, 255, 255
    bar[46:234, 46:74, :3] = 0
    assert (decode(encode(bar))[0, 0] == 255).all()
    bar[40:240, 40:80, :3] = 0
    assert (decode(encode(bar))[0, 0] == 255).all()


def test_an_avif_is_read_as_it_was_saved() -> None:
    assert np.abs(decode(encode(SEVEN, "AVIF", quality=90)).astype(int) - SEVEN).mean() < 2


def test_a_large_photo_is_reduced_by_a_whole_factor() -> None:
    assert decode(encode(Image.new("RGB", (4000, 3000), "white"), "JPEG")).shape == (750, 1000, 3)
    assert decode(encode(Image.new("L", (3000, 2000), "white"))).shape == (667, 1000, 3)
    assert decode(encode(Image.new("RGB", (1999, 10), "white"), "JPEG")).shape == (10, 1999, 3)


TEXT = base64.b64encode(FILES["PNG"]).decode()
LONG_ENOUGH_FOR_EVERY_SIGN = base64.b64encode(FILES["JPEG"]).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"data:image/png;base64,{TEXT}",
        f"DATA:image/png;base64,{TEXT}",
        f"  {TEXT}\n",
        "\r\n".join(TEXT[start : start + 76] for start in range(0, len(TEXT), 76)),
        TEXT.rstrip("="),
        TEXT.replace("+", "-").replace("/", "_"),
        TEXT.replace("+", " "),
    ],
    ids=["plain", "data URL", "capitals", "spaces around", "lines", "no padding", "URL-safe", "plus as space"],
)
def test_base64_is_read_in_every_form_it_comes_in(text: str) -> None:
    np.testing.assert_array_equal(decode(text), SEVEN)


def test_the_forms_of_base64_matter_to_the_picture_used() -> None:
    assert "+" in LONG_ENOUGH_FOR_EVERY_SIGN
    np.testing.assert_array_equal(decode(LONG_ENOUGH_FOR_EVERY_SIGN.replace("+", " ")), decode(FILES["JPEG"]))


@pytest.mark.parametrize("text", ["%%%", "a", "data:image/png,abc", "né", "<svg/>", TEXT + "é"])
def test_text_that_is_not_base64_is_an_invalid_request(text: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"expected .* base64"):
        decode(text)


@pytest.mark.parametrize("data", [b"", ""])
def test_nothing_at_all_is_refused(data: bytes | str) -> None:
    with pytest.raises(InvalidImageError, match="zero bytes"):
        decode(data)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_never_half_read(name: str, share: float) -> None:
    data = FILES[name]
    with pytest.raises((InvalidImageError, UnsupportedImageError)):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("position", range(60, len(FILES["PNG"]), 101))
def test_a_png_with_one_wrong_byte_is_refused(position: int) -> None:
    data = bytearray(FILES["PNG"])
    data[position] ^= 0x10
    with pytest.raises(InvalidImageError, match="PNG"):
        decode(bytes(data))


@pytest.mark.parametrize("data", [b"This is a picture.", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n"])
def test_what_is_no_picture_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedImageError, match="PNG, JPEG"):
        decode(data)


@pytest.mark.parametrize("side", [8_000, 12_000, 50_000])
def test_a_bomb_is_refused_from_its_header_in_milliseconds(side: int) -> None:
    with processor_time_below(0.5), pytest.raises(TooLargeError, match="pixels"):
        decode(png_of(side, side))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["BMP", "GIF", "TIFF", "WEBP", "AVIF"])
def test_other_formats_hide_no_bomb(name: str) -> None:
    bits = name in ("BMP", "TIFF")
    image = Image.new("1", (12_000, 9_000)) if bits else Image.new("L", (8_000, 7_000))
    options = {"TIFF": {"compression": "group4"}, "AVIF": {"speed": 10}, "WEBP": {"method": 0}}.get(name, {})
    data = encode(image, name, **options)
    with pytest.raises(TooLargeError, match="pixels"):
        decode(data)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(TooLargeError, match="bytes"):
        decode(b"\0" * 1001, max_bytes=1000)
    with pytest.raises(TooLargeError, match="bytes"):
        decode("A" * 2001, max_bytes=1000)


def test_too_many_pixels_are_refused_and_a_caller_may_allow_more() -> None:
    with pytest.raises(TooLargeError, match="1,000 pixels"):
        decode(FILES["PNG"], max_pixels=1000)
    large = encode(Image.new("1", (12_000, 9_000)), "PNG")
    assert max(decode(large, max_pixels=108_000_000).shape) < 2000


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_random_bytes_raise_nothing_but_our_own_errors(data: bytes) -> None:
    with pytest.raises(RabiscoError):
        decode(data)


@pytest.mark.slow
@given(st.sampled_from(sorted(FILES)), st.data())
@settings(max_examples=250, deadline=None)
def test_mutated_files_raise_nothing_but_our_own_errors(name: str, chance: st.DataObject) -> None:
    data = bytearray(FILES[name])
    for _ in range(chance.draw(st.integers(1, 6))):
        data[chance.draw(st.integers(0, min(len(data), 700) - 1))] = chance.draw(st.integers(0, 255))
    with contextlib.suppress(RabiscoError):
        prepare(decode(bytes(data)), "mnist@1")


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_text_raises_nothing_but_our_own_errors(text: str) -> None:
    with pytest.raises(RabiscoError):
        decode(text)
