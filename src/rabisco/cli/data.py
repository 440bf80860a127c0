"""``rabisco data``: which data sets there are, what is in one or in one's own data, and which labels are wrong."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rabisco.cli.output import NameOrCommand, example, json_option, print_json, wide_console
from rabisco.errors import InvalidConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabisco.intake import Inspection, PartReport
    from rabisco.runs.label_errors import SuspectedLabels

SHOWN_ROWS = 10
SHOWN_CLASSES = 4
COLUMNS = ("key", "label", "suggested", "margin")  # of a table of suspected labels
_SHADES = " ░▒▓█"


@click.group(
    cls=NameOrCommand,
    for_names="describe",
    invoke_without_command=True,
    subcommand_metavar="[NAME | inspect FILE [TEST] | errors NAME|FILE | export NAME]",
)
@json_option
@click.pass_context
@example(
    "rabisco data",
    "rabisco data digits",
    "rabisco data inspect train.csv test.csv",
    "rabisco data errors digits",
    "rabisco data export digits --as folders",
)
def data(context: click.Context, as_json: bool) -> None:
    """List the data sets, fetch and describe the one called NAME, or look through a FILE of your own.

    A data set is looked for in RABISCO_DATA_DIR, then in the cache; if it is in neither it is downloaded.
    """
    if context.invoked_subcommand is None:
        _list(as_json)


@data.command(hidden=True)
@click.argument("name")
@json_option
@example("rabisco data digits")
def describe(name: str, as_json: bool) -> None:
    """Fetch and describe the data set called NAME."""
    from rabisco.data import get_entry, load

    entry = get_entry(name)
    dataset = load(name)
    facts: dict[str, Any] = {
        "name": entry.name,
        "title": entry.title,
        "image_shape": list(entry.image_shape),
        "class_names": list(entry.class_names),
        "train": len(dataset.train),
        "validation": len(dataset.validation),
        "test": len(dataset.test),
        "fingerprint": dataset.fingerprint,
        "licence": entry.licence,
        "citation": entry.citation,
        "homepage": entry.homepage,
    }
    if as_json:
        print_json(facts)
        return
    for key, value in facts.items():
        shown = " ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(f"{key:<12} {shown}")


@data.command()
@click.argument("name")
@click.option(
    "--as", type=click.Choice(["folders"]), default="folders", show_default=True, expose_value=False, help="The form."
)
@click.option("--to", type=click.Path(path_type=Path), help="A new folder; the data set's name if not given.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many images for training, and for test.")
@example("rabisco data export digits --as folders --to digits-as-folders")
def export(name: str, to: Path | None, limit: int | None) -> None:
    """Write the data set called NAME as folders of pictures: train, validation and test, by class."""
    from rabisco.data import load
    from rabisco.data.export import export_folders

    target = to or Path(name)
    written = export_folders(load(name, limit=limit), target)
    click.echo(f"{written:,} pictures in {target}")


def _list(as_json: bool) -> None:
    from rich.table import Table

    from rabisco.data import dataset_names, get_entry, is_local

    entries = [get_entry(name) for name in dataset_names()]
    if as_json:
        print_json([{"name": entry.name, "title": entry.title, "here": is_local(entry.name)} for entry in entries])
        return
    table = Table("Name", "Title", "Image", "Classes", "Here")
    for entry in entries:
        shape = "×".join(map(str, entry.image_shape))
        here = "yes" if is_local(entry.name) else "no"
        table.add_row(entry.name, entry.title, shape, str(len(entry.class_names)), here)
    wide_console().print(table)


@data.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("test", required=False, type=click.Path(path_type=Path))
@click.option("--delimiter", help="Between two cells; found if not given.")
@click.option("--header/--no-header", "has_header", default=None, help="Whether the first line names the columns.")
@click.option("--label", "label_column", help="Column of the label: first, last or its name.")
@click.option("--scale", type=click.Choice(["1", "16", "255"]), help="Maximum pixel value.")
@click.option("--inverted/--not-inverted", default=None, help="Whether the images are dark on light.")
@click.option("--transposed/--upright", default=None, help="Whether the images lie on their side, as EMNIST's do.")
@click.option("--normalizer", help="Normalizer that makes a picture into what a model reads, such as emnist@1.")
@click.option("--folders", type=click.Choice(["parts", "classes"]), help="What the outermost folders of pictures are.")
@click.option("--names", help="Of the classes: “0 = A, 1 = B”, or “A, B, C” for all of them.")
@json_option
@example(
    "rabisco data inspect train.csv",
    "rabisco data inspect train.csv test.csv --upright",
    "rabisco data inspect pictures.zip --json",
    'rabisco data inspect signs.csv --names "0 = A, 1 = B"',
)
def inspect(
    *, file: Path, test: Path | None, scale: str | None, names: str | None, as_json: bool, **given: str | bool | None
) -> None:
    """Look through your own data: a CSV file, or a folder or zip archive of pictures by class; and TEST data, if
    any.
    """
    from rabisco.intake import Choices
    from rabisco.intake import inspect as look_through
    from rabisco.intake.naming import class_names_of

    choices = Choices.from_dict(
        {**given, "scale": int(scale) if scale else None, "class_names": class_names_of(names)}
    )
    inspection = look_through(file, test, choices)
    if as_json:
        print_json(inspection.to_dict())
    else:
        _print_inspection(inspection)
    if not inspection.usable:
        raise SystemExit(1)


def say_understood(inspection: "Inspection") -> None:
    """Say on standard error what was understood of data, if that may surprise."""
    if inspection.understood is not None:
        click.echo(inspection.understood.text, err=True)


def _print_inspection(inspection: "Inspection") -> None:
    from rich.table import Table

    dialect = inspection.dialect
    click.echo(f"{inspection.train.rows:,} images of {len(inspection.classes):,} classes, for {dialect.normalizer}")
    if dialect.kind == "table":
        height, width, channels = dialect.image_shape
        click.echo(
            f"{height}×{width}×{channels} pixels from 0 to {dialect.scale}, separated by {dialect.delimiter!r}, "
            f"{'a' if dialect.has_header else 'no'} header, label in column {dialect.label_column + 1}"
        )
    if inspection.understood is not None:
        click.echo(inspection.understood.text)
    table = Table("Class", "Images", "Test")
    for one in inspection.classes:
        table.add_row(one.name, f"{one.train:,}", f"{one.test:,}" if inspection.test else "–")
    wide_console().print(table)
    for name in list(inspection.samples)[:SHOWN_CLASSES]:
        click.echo(f"{name}:")
        click.echo(_drawn(inspection.samples[name][0]))
    for part, title in ((inspection.train, "row"), (inspection.test, "test row")):
        if part is not None:
            _print_bad_rows(part, title)
    for finding in inspection.warnings:
        click.secho(f"Warning: {finding.text}", fg="yellow")
    for finding in inspection.errors:
        click.secho(f"Error: {finding.text}", fg="red", err=True)


def _print_bad_rows(part: "PartReport", title: str) -> None:
    for row in part.bad_rows[:SHOWN_ROWS]:
        click.echo(f"{title} {row.row:,}{f' ({row.name})' if row.name else ''}: {row.reason.text}")
    if part.bad_count > SHOWN_ROWS:
        click.echo(f"… and {part.bad_count - SHOWN_ROWS:,} more")


def _drawn(image: "NDArray[np.uint8]") -> str:
    """Return an image as characters, two rows of pixels in one line, as a character is twice as high as wide."""
    gray = image.mean(axis=2)
    lines = (gray[: len(gray) // 2 * 2].reshape(-1, 2, gray.shape[1]).mean(axis=1) / 256 * len(_SHADES)).astype(int)
    return "\n".join("".join(_SHADES[shade] for shade in line).rstrip() for line in lines)


@data.command()
@click.argument("what", metavar="NAME|FILE|FOLDER")
@click.option("--model", help="Judge by this saved model: the test images of NAME, or all of FILE or FOLDER.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Print at most so many.")
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), help="Write all of them as CSV.")
@click.option(
    "--pictures", type=click.Path(path_type=Path, file_okay=False), help="Write the images into this folder."
)
@json_option
@example(
    "rabisco data errors digits",
    "rabisco data errors train.csv --csv errors.csv --pictures suspected",
    "rabisco data errors mnist --model mnist-cnn --json",
)
def errors(
    *, what: str, model: str | None, limit: int, table: Path | None, pictures: Path | None, as_json: bool
) -> None:
    """List images whose labels are probably wrong, the surest first: of the data set NAME, or of your own data.

    Without --model, small models that have not seen an image judge it: the training and validation images, at most
    30,000. `rabisco train FILE --leave-out errors.csv` trains without those that the CSV file names; delete the lines
    of those whose labels are right first.
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
        _write_pictures(found, rows, pictures)
    if as_json:
        print_json({"examined": found.examined, "found": found.found, "suspected": rows})
        return
    click.echo(f"{found.examined:,} images examined, {found.found:,} labels suspected")
    if rows:
        _print_errors(rows[:limit])


def rows_of(found: "SuspectedLabels") -> list[dict[str, Any]]:
    """Return the suspected labels as rows: key, label, suggested and margin."""
    names, columns = found.class_names, (found.labels.tolist(), found.suggested.tolist(), found.margins)
    every = zip(found.keys.tolist(), *columns, strict=True)
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
    from rabisco.cli.evaluate import artifact_of, images_for
    from rabisco.runs.label_errors_worker import judged_by, look_through

    catalog = what in data.dataset_names() or not Path(what).exists()
    if model:
        artifact = artifact_of(model)
        return judged_by(artifact, images_for(data.get_entry(what).name if catalog else what, artifact.card))
    if catalog:
        return look_through(data.load(data.get_entry(what).name))
    path = Path(what)
    inspection = intake.inspect(path)
    say_understood(inspection)
    return look_through(intake.load(path, inspection.dialect, name=path.name))


def _write_pictures(found: "SuspectedLabels", rows: list[dict[str, Any]], folder: Path) -> None:
    from PIL import Image

    from rabisco.text import plain

    folder.mkdir(parents=True, exist_ok=True)
    images = dict(zip(found.keys.tolist(), found.images, strict=True))
    for place, row in enumerate(rows, 1):
        pixels = images[row["key"]]
        name = plain(f"{place:03}-{row['label']}-or-{row['suggested']}-{row['key']}").replace("/", "-")
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(folder / f"{name}.png")
    click.echo(f"Pictures: {folder}", err=True)


def _print_errors(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("Key", "Label", "Probably", "Margin")
    for row in rows:
        table.add_row(row["key"], row["label"], row["suggested"], f"{row['margin']:+.3f}")
    wide_console().print(table)
