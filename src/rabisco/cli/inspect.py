"""``rabisco data inspect``: what a file of one's own holds, before anything is trained on it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rabisco.cli.output import json_option, print_json, wide_console

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabisco.intake import Inspection, PartReport

SHOWN_ROWS = 10
SHOWN_CLASSES = 4
_SHADES = " ░▒▓█"


@click.command()
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
def inspect(
    *,
    file: Path,
    test: Path | None,
    scale: str | None,
    names: str | None,
    as_json: bool,
    **given: str | bool | None,
) -> None:
    """Look through your own data: a CSV file, or a folder or zip archive of pictures by class; and TEST data, if any.

    \b
    Example:
        rabisco data inspect train.csv
        rabisco data inspect train.csv test.csv --upright
        rabisco data inspect pictures.zip --json
        rabisco data inspect signs.csv --names "0 = A, 1 = B"
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
        _print(inspection)
    if not inspection.usable:
        raise SystemExit(1)


def _print(inspection: "Inspection") -> None:
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
