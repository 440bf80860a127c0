"""HEIC is read where its extra is installed, and named where not; what is no picture is called by its name."""

import base64
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from rabisco.errors import UnsupportedImageError
from rabisco.images import decode

# A 5 of 64×64 pixels, drawn by code, dark on light.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ACJpbG9jAAAAAERAAAEAAQAAAAABegABAAAAAAAAAP0AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRt"
    "AAAAAAABAAAA1mlwcnAAAAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xy"
    "bmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAQVt"
    "ZGF0AAAA+SgBrxmAMNpQY/LvS73EpCv+r8YFwPg0ajSjNjys9ry84GM4yaundMJLqCFWeOubGFCy38SvVaO+Qz0vQXpoTIQ42E34"
    "Lccw2tPgtMi7WksTwMx+JEMeZOzfl/b82xOR458WJeJFeFSSxZJKo2MPHb8CyE1kqfB8Sxan5MZy7Hjctx8C2cBAfg2rRIJGn+Ba"
    "cVBR5cxtaNQAjPwooHXwaxmaaJZOHCHEWlfcYnkSFhEdjRfhu+qFkM5ZRpucX/AHiSUr9WYPWVsFRrruXzM6A+E+ZEBWPstzoSAU"
    "haPRPV/U7COuR9E32NvNwt3r9/ziA2UmNkjH74jRjA=="
)
WITHOUT = """
import sys
sys.modules["pillow_heif"] = None
from rabisco.images import decode
try:
    decode(sys.stdin.buffer.read())
except Exception as error:
    print(error)
"""


@pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra heic is not installed")
def test_heic_is_read() -> None:
    pixels = decode(HEIC)
    assert pixels.shape == (64, 64, 3)
    assert np.median(pixels) > 240
    assert pixels.min() < 20


def test_without_its_extra_heic_is_named_with_what_to_do() -> None:
    said = subprocess.run([sys.executable, "-c", WITHOUT], input=HEIC, capture_output=True, check=True).stdout.decode()
    assert "received HEIC, which phones take; share it as JPEG" in said


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\n<!DOCTYPE html><html></html>", "HTML"),
        (b"8BPS" + bytes(40), "Photoshop (PSD)"),
        (b"\0\0\0\x0cJXL \r\n" + bytes(40), "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n" + bytes(40), "JPEG 2000"),
        (b"P5\n28 28\n255\n" + bytes(784), "PNM (PBM, PGM, PPM)"),
        (b"\0\0\0\x18ftypmp42" + bytes(40), "MP4"),
        (bytes(128) + b"DICM" + bytes(40), "DICOM"),
        (b"hello", "something else"),
    ],
)
def test_a_file_that_is_no_picture_is_called_by_its_name(content: bytes, name: str) -> None:
    with pytest.raises(UnsupportedImageError) as error:
        decode(content)
    assert f"received {name}; save it in one of these formats" in str(error.value)
