"""Mutated inputs at every door through which strangers' bytes come in: ``python -m tests.fuzz --seconds 60 decode``.

Whatever is sent must be read or refused by an error that is meant, within two seconds and in bounded memory. An input
that is not is kept in ``tests/fuzz_cases/<door>/``, where the tests find it from then on.
"""

import argparse
import base64
import hashlib
import io
import json
import os
import random
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient
from tests.web.serving import draw_seven, encoded

from rabisco.errors import RabiscoError
from rabisco.images import decode
from rabisco.intake import inspect
from rabisco.web import create_app

CASES = Path(__file__).parent / "fuzz_cases"
MOST_SECONDS, MOST_MEGABYTES = 2.0, 700
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF")
JSON_DOORS = ("/predict", "/explain", "/training", "/corrections", "/uploads/drawn", "/compare/measurements")
FORM_DOORS = ("/predict", "/upload", "/corrections", "/training", "/uploads")
WORDS = (
    b"\0",
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"-1",
    b"9" * 30,
    b"[" * 400,
    b'"',
    b"\r\n",
    b"--cut",
    b"\\ud800",
    b"NaN",
)

Door = Callable[[bytes], object]


@dataclass
class Tally:
    """What happened at one door: how many inputs, the slowest, and what was not as it must be."""

    inputs: int = 0
    slowest: float = 0.0
    faults: list[tuple[bytes, str]] = field(default_factory=list)


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
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"upload{suffix}"
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
        return tuple(_zip(kind, pictures) for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
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


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Return bytes with a few changes: bits, words, pieces that are cut, doubled or moved."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        start = draw.randrange(len(changed) + 1)
        stop = min(len(changed), start + draw.choice((1, 2, 4, 16, 200)))
        how = draw.randrange(6)
        if how == 0 and start < len(changed):
            changed[start] ^= 1 << draw.randrange(8)
        elif how == 1:
            changed[start:stop] = draw.choice(WORDS)
        elif how == 2:
            del changed[start:stop]
        elif how == 3:
            changed[start:start] = changed[start:stop] * draw.choice((1, 2, 50))
        elif how == 4:
            changed[start:stop] = draw.randbytes(stop - start)
        else:
            del changed[start:]
    return bytes(changed)


def try_one(door: str, data: bytes, tally: Tally) -> None:
    """Send one input through a door, and note what is not as it must be."""
    started = time.perf_counter()
    try:
        DOORS[door](data)
    except RabiscoError:
        pass
    except Exception as error:
        tally.faults.append((data, f"{type(error).__name__}: {error}"))
    seconds = time.perf_counter() - started
    tally.inputs += 1
    tally.slowest = max(tally.slowest, seconds)
    if seconds > MOST_SECONDS:
        tally.faults.append((data, f"took {seconds:.1f} s"))


def fuzz(door: str, *, seconds: float = 3600, inputs: int = 10**9, seed: int = 0) -> Tally:
    """Send mutated inputs through a door for so long, or so many."""
    for data in seeds(door):
        try_one(door, data, Tally())  # what is loaded for the first time does not count
    draw, tally, until = random.Random(seed), Tally(), time.monotonic() + seconds
    known = [*seeds(door), *(file.read_bytes() for file in cases(door))]
    while tally.inputs < inputs and time.monotonic() < until:
        try_one(door, mutated(draw.choice(known), draw), tally)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if megabytes > MOST_MEGABYTES and "RABISCO_FUZZ_ALONE" in os.environ:
        tally.faults.append((b"", f"{megabytes:.0f} MB of memory"))
    return tally


def cases(door: str) -> list[Path]:
    """Return the inputs that were once not as they must be."""
    return sorted((CASES / door).glob("*"))


def main() -> None:
    """Fuzz the doors that are named, or all, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("doors", nargs="*", metavar="door", help=", ".join(DOORS))
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    os.environ["RABISCO_FUZZ_ALONE"] = "1"
    doors = asked.doors or list(DOORS)
    print("| Door | Inputs | Slowest | Faults |\n| :-- | --: | --: | --: |")
    for door in doors:
        tally = fuzz(door, seconds=asked.seconds / len(doors), seed=asked.seed)
        print(f"| {door} | {tally.inputs:,} | {tally.slowest:.2f} s | {len(tally.faults)} |", flush=True)
        for data, reason in tally.faults[:20]:
            folder = CASES / door
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / hashlib.sha256(data).hexdigest()[:12]
            file.write_bytes(data)
            print(f"{file}: {reason}", flush=True)


if __name__ == "__main__":
    main()
