"""``rabisco predict``: a few pictures, or with ``--bulk`` any number of them."""

import glob
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rabisco.characters import AMONG, Among
from rabisco.cli.output import example, json_option, percent, print_json

if TYPE_CHECKING:
    from rabisco.bulk import BulkTally

SAY_SECONDS = 10.0  # between two lines where there is no terminal to draw a bar on


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
@click.option("--bulk", is_flag=True, help="Read all pictures of IN into the file OUT, on all cores: --bulk IN OUT.")
@click.option(
    "--processes", type=click.IntRange(min=1), help="With --bulk: processes that read; one a core if not given."
)
@json_option
@example(
    "rabisco predict seven.png",
    "rabisco predict *.jpg --model mnist-linear --json",
    "rabisco predict scans/ 'more/*.png'",
    "rabisco predict --many postcode.jpg",
    "rabisco predict --model emnist-cnn --among letters name.png",
    "rabisco predict --bulk scans.zip answers.jsonl",
)
def predict(
    files: tuple[Path, ...],
    name: str | None,
    top_k: int,
    *,
    many: bool,
    among: Among,
    bulk: bool,
    processes: int | None,
    as_json: bool,
) -> None:
    """Read the pictures FILES and print what they show.

    A folder stands for the pictures in it, a quoted pattern for the files that match, and - for standard input. A file
    that cannot be read is named, the others are read, and the exit status is 1.

    With --bulk, the first of two FILES is a folder, a zip or tar archive, a Parquet file or a CSV table of paths, and
    the second the output: JSON Lines, CSV or Parquet by its ending. Started again after an interruption, it goes on.
    """
    from rabisco.artifacts import promoted
    from rabisco.bulk import begun_with, read_one, read_text
    from rabisco.errors import RabiscoError
    from rabisco.inference import get_predictor
    from rabisco.settings import get_settings

    if bulk:
        if len(files) != 2 or as_json:
            raise click.UsageError("--bulk takes two names, IN and OUT, and no --json: OUT's ending says the form")
        source, out = files
        model = name or begun_with(out) or promoted() or get_settings().default_model
        read_in_bulk(source, out, model, top_k=top_k, among=among, many=many, processes=processes)
        return
    predictor = get_predictor(name or promoted() or get_settings().default_model)
    read, show = (read_text, _show_text) if many else (read_one, _show_one)
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


def _show_one(row: dict[str, Any]) -> None:
    others = "  ".join(f"{other['category']} {percent(other['probability'])}" for other in row["top_k"][1:])
    refused = row["refused"]
    if refused:
        click.echo(f"{row['file']}: refused ({refused['reason']}). {refused['message']}")
        if row["blank"]:
            return
    guess = "  best guess: " if refused else f"{row['file']}: "
    click.echo(f"{guess}{row['category']}  {percent(row['probability'])}   ({others})")


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


def read_in_bulk(source: Path, out: Path, model: str, **options: Any) -> None:
    """Read all pictures of ``source`` into ``out`` and show how far it is; see ``rabisco.bulk.read_bulk``."""
    from rabisco.bulk import errors_of, read_bulk

    shown = _Shown()
    with shown.bars:
        try:
            tally = read_bulk(source, out, model, on_progress=shown.tell, **options)
        except KeyboardInterrupt:
            done = f" after {shown.done:,} pictures" if shown.done else ""
            click.echo(f"\nInterrupted{done}. The same command goes on from there.", err=True)
            raise SystemExit(130) from None
    click.echo(f"{tally.done - tally.bad:,} pictures were read into {out}")
    if tally.bad:
        click.secho(f"{tally.bad:,} could not be read; {errors_of(out)} says why", fg="red", err=True)
        raise click.exceptions.Exit(1)


class _Shown:
    """A bar with pictures per second and the time left; where there is no terminal, now and then a line."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console, columns = Console(stderr=True), (BarColumn(24), TextColumn("{task.description}"))
        self.bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self._bar = self.bars.add_task("beginning", total=None)
        self._begun: tuple[float, int] | None = None
        self._said = time.monotonic()
        self.done = 0

    def tell(self, tally: "BulkTally", expected: int | None) -> None:
        """Show how far it is."""
        now, self.done = time.monotonic(), tally.done
        if self._begun is None:
            self._begun = now, tally.done
        begun, before = self._begun
        rate = (tally.done - before) / (now - begun) if tally.done > before else 0.0
        words = f"{tally.done:,}" + (f" of {expected:,}" if expected else "")
        if rate:
            words += f", {rate:,.0f} pictures/s"
            words += f", {_clock((expected - tally.done) / rate)} left" if expected else ""
        words += f", {tally.bad:,} unreadable" if tally.bad else ""
        self.bars.update(self._bar, completed=tally.done, total=expected, description=words)
        if self.bars.disable and now - self._said > SAY_SECONDS:
            self._said = now
            click.echo(words, err=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
