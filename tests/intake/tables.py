"""Data of one's own as files, for the tests: tables in any dialect, archives of pictures."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Writing:
    """A way of writing images as a table."""

    delimiter: str = ","
    header: bool = True
    label: str = "first"
    scale: str = "255"
    inverted: bool = False
    transposed: bool = False


def write_table(images: Pixels, labels: Sequence[object], writing: Writing | None = None) -> bytes:
    """Return images, uint8 ``(N, H, W, C)``, and their labels as the text of a table."""
    writing = writing or Writing()
    if writing.transposed:
        images = images.transpose(0, 2, 1, 3)
    if writing.inverted:
        images = 255 - images
    flat = images.reshape(len(images), -1)
    words = [_word(value, writing.scale) for value in range(256)]
    lines = []
    if writing.header:
        lines.append(_line(writing, "label", [f"pixel{place}" for place in range(flat.shape[1])]))
    lines += [
        _line(writing, str(label), [words[v] for v in row.tolist()]) for row, label in zip(flat, labels, strict=True)
    ]
    return ("\n".join(lines) + "\n").encode()


def _word(value: int, scale: str) -> str:
    return {"255": f"{value}", "255.0": f"{value}.0", "1": repr(value / 255), "1e": f"{value / 255:.8e}"}.get(
        scale, f"{value / 255:.5f}".replace(".", ",")
    )


def _line(writing: Writing, label: str, pixels: list[str]) -> str:
    place = {"first": 0, "last": len(pixels), "middle": 100}[writing.label]
    return writing.delimiter.join([*pixels[:place], label, *pixels[place:]])


def glyphs(count: int = 60, side: int = 28) -> tuple[Pixels, NDArray[np.int64]]:
    """Return images of the figures 0 to 3, uint8 ``(count, side, side, 1)``, no two alike, and their labels."""
    random = np.random.RandomState(0)
    images = []
    for place in range(count):
        picture = Image.new("L", (side * 4, side * 4))
        left, top = random.randint(side, side * 2, 2).tolist()
        figure = ImageDraw.Draw(picture)
        box = (left, top - side // 2, left + side, top + side * 3 // 2)
        strokes = {
            0: [("ellipse", box)],
            1: [("line", (left, box[1], left, box[3]))],
            2: [("line", (left, box[1], left, box[3])), ("line", (left, box[3], box[2], box[3]))],
            3: [("line", (left, box[1], box[2], box[3])), ("line", (left, box[1], left, box[3]))],
        }[place % 4]
        for kind, where in strokes:
            color = {"outline" if kind == "ellipse" else "fill": 255 - place}
            getattr(figure, kind)(where, **color, width=side // 4)
        images.append(np.asarray(picture.resize((side, side), Image.Resampling.BOX)))
    return np.stack(images)[..., np.newaxis], np.arange(count) % 4


def png(image: Pixels) -> bytes:
    """Return an image, uint8 ``(H, W, C)``, as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()
