"""The doors through which strangers' bytes come in, and inputs that are as they should be; see ``tests.fuzz``."""

import atexit
import base64
import gzip
import hashlib
import io
import json
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient
from tests.web.serving import draw_seven, encoded

from rabisco.images import decode
from rabisco.intake import inspect
from rabisco.web import create_app

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF")
JSON_DOORS = ("/predict", "/explain", "/training", "/corrections", "/uploads/drawn", "/compare/measurements")
FORM_DOORS = ("/predict", "/upload", "/corrections", "/training", "/uploads")
Door = Callable[[bytes], object]


@cache
def folder() -> Path:
    """Return a folder for what is looked through, in memory where the system has such."""
    memory = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(prefix="rabisco-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def client() -> FlaskClient:
    """Return the application as a client reaches it, in this process."""
    app = create_app()
    app.testing = False
    return app.test_client()


def read_picture(data: bytes) -> None:
    """Decode bytes as a picture."""
    decode(data, max_bytes=2**24)


def read_base64(data: bytes) -> None:
    """Decode text as a picture."""
    decode(data.decode("utf-8", "replace"), max_bytes=2**24)


def look_through(suffix: str) -> Door:
    """Return what looks through bytes as an upload of a suffix."""

    def look(data: bytes) -> None:
        file = folder() / f"upload{suffix}"
        file.write_bytes(data)
        inspect(file)

    return look


def send(paths: tuple[str, ...], content_type: str) -> Door:
    """Return what sends bytes as a body of a type to one of several addresses, always the same for the same bytes."""

    def post(data: bytes) -> None:
        path = paths[hashlib.sha256(data).digest()[0] % len(paths)]
        answer = client().post(path, data=data, content_type=content_type)
        if answer.status_code >= 500 and answer.status_code != 503:
            raise AssertionError(f"{path} answered {answer.status_code}: {answer.text[:200]}")

    return post


DOORS: dict[str, Door] = {
    "decode": read_picture,
    "base64": read_base64,
    "csv": look_through(".csv"),
    "zip": look_through(".zip"),
    "json": send(JSON_DOORS, "application/json"),
    "multipart": send(FORM_DOORS, "multipart/form-data; boundary=cut"),
}


@cache
def seeds(door: str) -> tuple[bytes, ...]:
    """Return inputs that are as they should be, from which the others are made."""
    seven = draw_seven(28)
    pictures = [encoded(seven.convert(mode), kind) for kind in FORMATS for mode in ("L", "RGB")]
    text = base64.b64encode(pictures[0])
    if door == "decode":
        return tuple(pictures)
    if door == "base64":
        return text, b"data:image/png;base64," + text, base64.urlsafe_b64encode(pictures[2])
    if door == "csv":
        return tuple(_tables())
    if door == "zip":
        zips = [_zip(kind, pictures) for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)]
        return *zips, _tar(pictures), gzip.compress(_tar(pictures), mtime=0)
    if door == "json":
        drawing = {"label": "7", "image": text.decode()}
        bodies = (
            {"image": text.decode(), "steps": True, "top_k": 3},
            {"images": [text.decode()] * 2, "characters": "many"},
            {"image": text.decode(), "true_label": "7", "consent": True},
            {"drawings": [drawing, {**drawing, "label": "3"}]},
            {"dataset": "nobody", "epochs": 2, "notes": "é", "learning_rate": 0.1},
            {"model": ["mnist-cnn", "nobody"]},
        )
        return tuple(json.dumps(body).encode() for body in bodies)
    part = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    note = b'--cut\r\nContent-Disposition: form-data; name="model"\r\n\r\ncnn\r\n'
    train = b'--cut\r\nContent-Disposition: form-data; name="train"; filename="a.csv"\r\n\r\nlabel,a\r\n1,2\r\n'
    return (
        part + pictures[0] + b"\r\n--cut--\r\n",
        note + part + pictures[1] + b"\r\n--cut--\r\n",
        train + b"--cut--\r\n",
    )


def _tables() -> Iterator[bytes]:
    random_rows = np.random.default_rng(0).integers(0, 256, (12, 16))
    for separator in (",", ";", "\t"):
        lines = [separator.join(["label", *(f"p{index}" for index in range(16))])]
        lines += [separator.join([str(index % 2), *map(str, row)]) for index, row in enumerate(random_rows)]
        yield "\n".join(lines).encode()
        yield "\r\n".join(lines[1:]).encode("utf-16")


def _zip(kind: int, pictures: list[bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for index, picture in enumerate(pictures[:6]):
            archive.writestr(f"train/{'ab'[index % 2]}/{index}.png", picture)
    return buffer.getvalue()


def _tar(pictures: list[bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, bufsize=1024) as archive:
        for index, picture in enumerate(pictures[:6]):
            info = tarfile.TarInfo(f"train/{'ab'[index % 2]}/{'x' * 100 * (index % 2)}é{index}.png")
            info.size = len(picture)
            archive.addfile(info, io.BytesIO(picture))
    return buffer.getvalue()
