"""What the OpenAPI document shows: a picture and a table to send, and what the server answered when it was recorded.

``python -m tests.web.examples`` sends every request of the document to a server and writes its answers to
``examples.json``: an answer of each model and of each kind of file, long lists and texts shortened.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

SEVEN = (  # of 28×28 pixels
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcAQAAAABaduI5AAAAOElEQVR42mP8z8DwkYmBgYEBD8HIAmGxMPx/AZdA"
    "sC5AWAz//9t/gIr9d4CJ/fkPE/sLN48Nu0UAIZwPI1JbTu4AAAAASUVORK5CYII="
)
_SHAPES = {"L": "10000 10000 10000 10000 11111", "T": "11111 00100 00100 00100 00100"}
TABLE = "\n".join(
    [
        ",".join(["label", *(f"pixel{number}" for number in range(1, 26))]),
        *(
            ",".join([name, *(str(int(pixel) * ink) for pixel in shape.replace(" ", ""))])
            for ink in (255, 231, 207)
            for name, shape in _SHAPES.items()
        ),
    ]
)
PICTURE = "/static/examples/ship.png"  # where the server has one as a file
FILE = Path(__file__).parent / "examples.json"


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """Return what was recorded: ``schemas`` by model, ``contents`` by operation and media type, ``problems`` by
    status, and the beginning of a ``page``."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
