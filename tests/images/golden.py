"""Pictures whose normalized pixels are kept as files: ``python -m tests.images.golden`` writes them anew.

They pin the one path from picture to pixels. Whoever changes it on purpose looks at the new files and gives the
normalizer a new version.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.images.pictures import BLACK, WHITE, draw, shade

from rabisco.images import prepare

FOLDER = Path(__file__).parent / "golden"
DOT_AND_STROKE = (((0.1, 0.0), (0.1, 0.02)), ((0.1, 0.3), (0.1, 1.0)))
PICTURES: dict[str, Callable[[], NDArray[np.uint8]]] = {
    "dark-on-light": draw,
    "light-on-dark": lambda: draw(pen=WHITE, paper=BLACK),
    "thin": lambda: draw(width=1),
    "fat": lambda: draw(width=50),
    "tiny": lambda: draw((28, 28), place=(10, 8), height=12, width=1),
    "colored": lambda: draw(pen=(220, 60, 120), paper=(250, 240, 160)),
    "dotted": lambda: draw(strokes=DOT_AND_STROKE, width=14),
    "shaded": lambda: shade(draw((400, 300), pen=(40, 40, 90), paper=(235, 230, 220))),
}
NORMALIZERS = ("mnist@1", "mnist-deskew@1", "emnist@1")


def file_of(name: str, normalizer: str) -> Path:
    """Return where the pixels of a picture are kept."""
    return FOLDER / f"{name}.{normalizer.replace('@', '-')}.png"


def write() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        for normalizer in NORMALIZERS:
            pixels = prepare(picture(), normalizer).pixels[..., 0]
            Image.fromarray(pixels).save(file_of(name, normalizer), optimize=True)


if __name__ == "__main__":
    write()
