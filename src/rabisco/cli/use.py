"""``rabisco predict``, ``rabisco settings`` and ``rabisco serve``: using what has been trained."""

import glob
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rabisco.characters import AMONG, Among
from rabisco.cli.output import json_option, percent, print_json

if TYPE_CHECKING:
    from rabisco.errors import Sentence
    from rabisco.inference import Predictor

MOST_PIXELS = 170_000_000  # of a file of one's own; a server's limits are for strangers' files


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--model", "name", help="Saved model to read with; the default one if not given.")
@click.option("--top-k", type=click.IntRange(min=1), default=3, show_default=True, help="Answers for each picture.")
@click.option("--many", is_flag=True, help="Read every character of each picture, as a string.")
@click.option(
    "--among",
    type=click.Choice(AMONG),
    default="any",
    show_default=True,
    help="What is written: nothing else is answered.",
)
@json_option
def predict(files: tuple[Path, ...], name: str | None, top_k: int, *, many: bool, among: Among, as_json: bool) -> None:
    """Read the pictures FILES and print what they show.

    A folder stands for the pictures in it, a quoted pattern for the files that match, and - for standard input. A file
    that cannot be read is named, the others are read, and the exit status is 1.

    \b
    Example:
        rabisco predict seven.png
        rabisco predict *.jpg --model mnist-linear --json
        rabisco predict scans/ 'more/*.png'
        rabisco predict --many postcode.jpg
        rabisco predict --model emnist-cnn --among letters name.png
    """
    from rabisco.artifacts import promoted
    from rabisco.errors import RabiscoError
    from rabisco.inference import get_predictor
    from rabisco.settings import get_settings

    predictor = get_predictor(name or promoted() or get_settings().default_model)
    read, show = (_read_text, _show_text) if many else (_read_one, _show_one)
    rows: list[dict[str, Any]] = []
    for file in _found(files):
        try:
            row = {"file": str(file), **read(predictor, _content(file), top_k, among)}
        except RabiscoError as error:
            row = {"file": str(file), "error": str(error)}
        rows.append(row)
        if as_json:
            continue
        if "error" in row:
            click.secho(f"{row['file']}: {row['error']}", fg="red", err=True)
        else:
            show(row)
            for note in row.get("notes", ()):
                click.echo(f"{row['file']}: {note}", err=True)
    if as_json:
        print_json(rows)
    if any("error" in row for row in rows):
        raise click.exceptions.Exit(1)


def _found(files: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files that are meant: those of a folder and of a pattern by name, any other as it is."""
    for file in files:
        if file.is_dir():
            yield from sorted(one for one in file.iterdir() if one.is_file() and not one.name.startswith("."))
        elif glob.has_magic(str(file)) and not file.exists():
            yield from sorted(map(Path, glob.glob(str(file), recursive=True))) or [file]  # noqa: PTH207 (a whole pattern)
        else:
            yield file


def _read_one(predictor: "Predictor", content: bytes, top_k: int, among: Among) -> dict[str, Any]:
    from rabisco.images import decode

    notes: list[Sentence] = []
    read = predictor.predict(decode(content, max_pixels=MOST_PIXELS, notes=notes), top_k, among)
    return {**read.to_dict(), **_noted(notes)}


def _noted(notes: list["Sentence"]) -> dict[str, list[str]]:
    return {"notes": [str(note) for note in notes]} if notes else {}


def _show_one(row: dict[str, Any]) -> None:
    others = "  ".join(f"{other['category']} {percent(other['probability'])}" for other in row["top_k"][1:])
    refused = row["refused"]
    if refused:
        click.echo(f"{row['file']}: refused ({refused['reason']}). {refused['message']}")
        if row["blank"]:
            return
    guess = "  best guess: " if refused else f"{row['file']}: "
    click.echo(f"{guess}{row['category']}  {percent(row['probability'])}   ({others})")


def _read_text(predictor: "Predictor", content: bytes, top_k: int, among: Among) -> dict[str, Any]:
    from rabisco.images import decode, sent_side
    from rabisco.settings import get_settings
    from rabisco.text_reading import read_many

    most = get_settings().max_characters
    notes: list[Sentence] = []
    picture = decode(content, max_pixels=MOST_PIXELS, notes=notes)
    reading = read_many(predictor, picture, top_k, most, sent_side=sent_side(content), among=among)
    return {**reading.to_dict(), **_noted(notes)}


def _show_text(row: dict[str, Any]) -> None:
    for number, line in enumerate((row["text"] or "nothing is written in it").split("\n")):
        click.echo(f"{row['file']}: {line}" if number == 0 else f"{' ' * (len(row['file']) + 2)}{line}")


def _content(file: Path) -> bytes:
    from rabisco.errors import InvalidRequestError

    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InvalidRequestError(f"a picture file was expected. Received: {reason}; check the name") from error


@click.command()
@json_option
def settings(as_json: bool) -> None:
    """Show every setting in force and where it comes from.

    \b
    Example:
        rabisco settings
    """
    from rabisco.settings import PREFIX, get_settings, unknown_variables

    found = get_settings()
    rows = [
        {
            "variable": f"{PREFIX}{name.upper()}",
            "value": str(getattr(found, name)) if field.repr or not getattr(found, name) else "(hidden)",
            "source": "environment" if name in found.model_fields_set else "default",
        }
        for name, field in type(found).model_fields.items()
    ]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['variable']:<30} {row['value'] or '(empty)'}  [{row['source']}]")
    for name, nearest in unknown_variables().items():
        click.echo(f"{name} is no setting" + (f"; did you mean {nearest}?" if nearest else ""), err=True)


@click.command()
@click.option("--host", help="Address to listen on; the setting RABISCO_HOST if not given.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; RABISCO_PORT if not given.")
@click.option("--workers", type=click.IntRange(min=1), help="Server processes; RABISCO_WORKERS if not given.")
def serve(**given: Any) -> None:
    """Serve the pages and the API on http://127.0.0.1:3000.

    \b
    Example:
        rabisco serve
        rabisco serve --host 0.0.0.0 --port 8080 --workers 2
    """
    from rabisco.settings import get_settings
    from rabisco.web.platform.server import serve as start

    changes = {key: value for key, value in given.items() if value is not None}
    start(get_settings().model_copy(update=changes))
