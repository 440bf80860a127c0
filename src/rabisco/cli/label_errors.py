"""``rabisco data errors``: images whose labels are probably wrong, to be looked at and left out of a training."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rabisco.cli.output import json_option, print_json, wide_console
from rabisco.errors import InvalidConfigurationError

if TYPE_CHECKING:
    from rabisco.runs.label_errors import SuspectedLabels

COLUMNS = ("key", "label", "suggested", "margin")


@click.command()
@click.argument("what", metavar="NAME|FILE|FOLDER")
@click.option("--model", help="Judge by this saved model: the test images of NAME, or all of FILE or FOLDER.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Print at most so many.")
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), help="Write all of them as CSV.")
@click.option(
    "--pictures", type=click.Path(path_type=Path, file_okay=False), help="Write the images into this folder."
)
@json_option
def errors(
    *, what: str, model: str | None, limit: int, table: Path | None, pictures: Path | None, as_json: bool
) -> None:
    """List images whose labels are probably wrong, the surest first: of the data set NAME, or of your own data.

    Without --model, small models that have not seen an image judge it: the training and validation images, at most
    30,000. `rabisco train FILE --leave-out errors.csv` trains without those that the CSV file names; delete the lines
    of those whose labels are right first.

    \b
    Example:
        rabisco data errors digits
        rabisco data errors train.csv --csv errors.csv --pictures suspected
        rabisco data errors mnist --model mnist-cnn --json
    """
    found = _look(what, model)
    rows = rows_of(found)
    if table:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        table.write_text(text.getvalue(), encoding="utf-8")
        click.echo(f"Labels: {table}", err=True)
    if pictures:
        _write(found, rows, pictures)
    if as_json:
        print_json({"examined": found.examined, "found": found.found, "suspected": rows})
        return
    click.echo(f"{found.examined:,} images examined, {found.found:,} labels suspected")
    if rows:
        _print(rows[:limit])


def rows_of(found: "SuspectedLabels") -> list[dict[str, Any]]:
    """Return the suspected labels as rows: key, label, suggested and margin."""
    names = found.class_names
    every = zip(found.keys.tolist(), found.labels.tolist(), found.suggested.tolist(), found.margins, strict=True)
    return [
        {"key": key, "label": names[label], "suggested": names[other], "margin": round(float(margin), 4)}
        for key, label, other, margin in every
        if label != other
    ]


def keys_in(path: Path) -> list[str]:
    """Return the keys of images that a CSV file names in its column ``key``.

    Raises:
        InvalidConfigurationError: It has no such column, or no row.
    """
    try:
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        keys = list(dict.fromkeys(row["key"] for row in rows))
    except (UnicodeDecodeError, KeyError, csv.Error):
        keys = []
    if not keys:
        raise InvalidConfigurationError(
            "a CSV file with a column “key” was expected, as `rabisco data errors --csv` writes it. "
            f"Received: {path.name!r}"
        )
    return keys


def _look(what: str, model: str | None) -> "SuspectedLabels":
    from rabisco import data, intake
    from rabisco.cli.judging import artifact_of, images_for
    from rabisco.runs.label_errors_worker import judged_by, look_through

    catalog = what in data.dataset_names() or not Path(what).exists()
    if model:
        artifact = artifact_of(model)
        return judged_by(artifact, images_for(data.get_entry(what).name if catalog else what, artifact.card))
    if catalog:
        return look_through(data.load(data.get_entry(what).name))
    path = Path(what)
    inspection = intake.inspect(path)
    if inspection.understood is not None:
        click.echo(inspection.understood.text, err=True)
    return look_through(intake.load(path, inspection.dialect, name=path.name))


def _write(found: "SuspectedLabels", rows: list[dict[str, Any]], folder: Path) -> None:
    from PIL import Image

    from rabisco.text import plain

    folder.mkdir(parents=True, exist_ok=True)
    images = dict(zip(found.keys.tolist(), found.images, strict=True))
    for place, row in enumerate(rows, 1):
        pixels = images[row["key"]]
        name = plain(f"{place:03}-{row['label']}-or-{row['suggested']}-{row['key']}").replace("/", "-")
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(folder / f"{name}.png")
    click.echo(f"Pictures: {folder}", err=True)


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("Key", "Label", "Probably", "Margin")
    for row in rows:
        table.add_row(row["key"], row["label"], row["suggested"], f"{row['margin']:+.3f}")
    wide_console().print(table)
