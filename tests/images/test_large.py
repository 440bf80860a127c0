"""Pictures of the most pixels that a server takes are read in a bounded memory."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.images.pictures import encode

from rabisco.images import decode

LARGEST, LARGE = 7000, 5000  # pixels a side
PROGRAM = """
import sys
from rabisco.images import decode

def mebibytes(name):
    return int(next(line for line in open("/proc/self/status") if line.startswith(name)).split()[1]) >> 10

data = open(sys.argv[1], "rb").read()
before = mebibytes("VmRSS")
shape = decode(data).shape
print(shape[0], mebibytes("VmHWM") - before, mebibytes("VmRSS") - before)
"""
FORMATS = {
    "WEBP": ("RGB", {"method": 0}),
    "lossless WEBP": ("RGB", {"method": 0, "lossless": True, "quality": 0}),
    "PNG": ("RGBA", {"compress_level": 1}),
    "TIFF": ("F", {"compression": "tiff_lzw"}),
    "AVIF": ("RGBA", {"speed": 10}),
}
SIDES = {"WEBP": LARGEST}
LESS = {"AVIF": 12, "deep PNG": 16}  # bytes a pixel at most
USUAL = 9  # of the others


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.server
@pytest.mark.parametrize("name", [*FORMATS, "deep PNG"])
def test_a_picture_of_25_or_49_megapixels_takes_bounded_memory_and_gives_it_back(name: str, tmp_path: Path) -> None:
    file, side = tmp_path / "picture", SIDES.get(name, LARGE)
    if name == "deep PNG":
        cv2.imwrite(str(file.with_suffix(".png")), np.zeros((side, side, 4), np.uint16))
        file = file.with_suffix(".png")
    else:
        mode, options = FORMATS[name]
        image = Image.new(mode, (side, side), 1 if mode == "F" else "white")
        file.write_bytes(encode(image, name.removeprefix("lossless "), **options))
    command = [sys.executable, "-c", PROGRAM, str(file)]
    height, peak, kept = map(int, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert height < 2000
    assert peak < 24 + (LESS.get(name, USUAL) * side**2 >> 20)
    assert kept < 80


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_large_webp_keeps_its_colors_and_transparency(mode: str) -> None:
    pixels = np.zeros((3000, 3000, len(mode)), np.uint8)
    pixels[...] = (200, 100, 50, 255)[: len(mode)]
    pixels[1000:2000, 1000:2000, :3] = 10, 20, 30
    if mode == "RGBA":
        pixels[:600, :, 3] = 0
    read = decode(encode(pixels, "WEBP", lossless=True, quality=0, method=0))
    assert max(read.shape) < 2000
    middle = len(read) // 2
    np.testing.assert_allclose(read[middle, middle], (10, 20, 30), atol=1)
    np.testing.assert_allclose(read[-5, 5], (200, 100, 50), atol=1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "RGBA", "LA"])
def test_strips_join_without_a_seam(mode: str) -> None:
    steps = np.repeat(np.arange(210, dtype=np.uint8), 10)[:, np.newaxis] * np.ones(2100, np.uint8)
    image = Image.fromarray(steps if mode != "1" else np.zeros_like(steps)).convert(mode)
    read = decode(encode(image, "TIFF"))
    assert read.shape == (1050, 1050, 3)
    if mode != "1":
        np.testing.assert_allclose(read[:, 500, 0], steps[::2, 0], atol=2)
