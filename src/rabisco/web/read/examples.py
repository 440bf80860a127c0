"""Ten photographs to try a model on: of each of CIFAR-10's classes the first image of its test part, as it is."""

from pathlib import Path

from flask import Request

from rabisco.web.read.pictures import SentPicture

FIELD = "example"
_FOLDER = Path(__file__).parents[1] / "static" / "examples"
EXAMPLES = tuple(sorted(path.stem for path in _FOLDER.glob("*.png")))


def chosen(request: Request) -> list[SentPicture]:
    """Return the example that a form names; nothing where it names none."""
    name = request.form.get(FIELD)
    return [SentPicture(name, (_FOLDER / f"{name}.png").read_bytes())] if name in EXAMPLES else []
