"""What a request adds to the memory of the worker that answers it, beside the pixels of its largest picture.

Three servers of one worker are asked once for each; the system notes the most that the worker had. A ratio of 1 is
the picture as RGB, three bytes a pixel.
"""

import io
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image
from tests.web.serving import Server, serving, seven_png

from rabisco.evaluation.tables import markdown_table

TIMES = 3
Ask = Callable[[Server], requests.Response]


def run() -> dict[str, Any]:
    """Ask for each, and read what the worker had at most."""
    rows = []
    for name, pixels, ask in requests_to_ask():
        seen = [_added(ask) for _ in range(TIMES)]
        statuses = sorted({status for _, status in seen})
        rows.append({"name": name, "pixels": pixels, "megabytes": [most for most, _ in seen], "statuses": statuses})
    return {"n": TIMES * len(rows), "rows": rows}


def requests_to_ask() -> list[tuple[str, int, Ask]]:
    """Return each kind of request: its name, the pixels of its largest picture, and what asks for it."""

    def predict(*pictures: bytes) -> Ask:
        files = [("file", ("a", picture)) for picture in pictures]
        return lambda server: requests.post(f"{server.url}/predict", files=files, timeout=120)

    noise = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8)
    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    table = b"label,a\n" + b"1,2\n2,3\n" * 6_000_000
    return [
        ("PNG, 280×280", 280**2, predict(seven_png())),
        ("JPEG, 4000×3000", 12_000_000, predict(_file(Image.fromarray(noise), "JPEG"))),
        ("PNG, 7000×7000, gray", 7000**2, predict(_file(Image.new("L", (7000, 7000), 255), "PNG"))),
        ("WebP, 7000×7000", 7000**2, predict(_file(Image.new("RGB", (7000, 7000), "white"), "WEBP"))),
        ("TIFF, 7071×7071, 32-bit", 7071**2, predict(_file(Image.new("F", (7071, 7071), 1.0), "TIFF"))),
        ("64 PNGs, 1999×1999", 1999**2, predict(*[_file(Image.new("RGB", (1999, 1999), "white"), "PNG")] * 64)),
        (
            "a form of a million fields",
            0,
            lambda server: server.post("/predict", data=b"a&" * 1_000_000, headers=fields),
        ),
        ("a table of 48 MB, kept", 0, lambda server: server.post("/uploads", files={"train": ("t.csv", table)})),
    ]


def table(result: dict[str, Any]) -> str:
    """Return what each adds as a Markdown table."""
    lines = []
    for row in result["rows"]:
        most = max(row["megabytes"])
        ratio = f"{most * 2**20 / (3 * row['pixels']):.1f} ×" if row["pixels"] > 1_000_000 else ""
        median = f"{statistics.median(row['megabytes']):.0f} MB"
        lines.append((row["name"], median, f"{most:.0f} MB", ratio, ", ".join(map(str, row["statuses"]))))
    return markdown_table(("Request", "Median", "Most", "Against its picture as RGB", "Status"), lines)


def _file(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    options = {"compression": "tiff_adobe_deflate"} if kind == "TIFF" else {"lossless": True} if kind == "WEBP" else {}
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _added(ask: Ask) -> tuple[float, int]:
    """Return the megabytes that a worker had at most while it answered, above what it had before, and the status."""
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server:
        for _ in range(20):
            server.post("/predict?steps=1", files={"file": seven_png()})
        folder = Path(f"/proc/{server.worker}")
        (folder / "clear_refs").write_text("5", encoding="ascii")
        before = _kilobytes(folder, "VmRSS")
        status = ask(server).status_code
        return max(0, _kilobytes(folder, "VmHWM") - before) / 1024, status


def _kilobytes(folder: Path, name: str) -> int:
    lines = (folder / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
