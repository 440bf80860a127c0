"""``rabisco data``: which data sets there are, and what is in one."""

from pathlib import Path
from typing import Any

import click

from rabisco.cli.inspect import inspect
from rabisco.cli.label_errors import errors
from rabisco.cli.output import NameOrCommand, json_option, print_json, wide_console


@click.group(
    cls=NameOrCommand,
    for_names="describe",
    invoke_without_command=True,
    subcommand_metavar="[NAME | inspect FILE [TEST] | errors NAME|FILE | export NAME]",
)
@json_option
@click.pass_context
def data(context: click.Context, as_json: bool) -> None:
    """List the data sets, fetch and describe the one called NAME, or look through a FILE of your own.

    A data set is looked for in RABISCO_DATA_DIR, then in the cache; if it is in neither it is downloaded.

    \b
    Example:
        rabisco data
        rabisco data digits
        rabisco data inspect train.csv test.csv
        rabisco data errors digits
        rabisco data export digits --as folders
    """
    if context.invoked_subcommand is None:
        _list(as_json)


@data.command(hidden=True)
@click.argument("name")
@json_option
def describe(name: str, as_json: bool) -> None:
    """Fetch and describe the data set called NAME.

    \b
    Example:
        rabisco data digits
    """
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
@click.option("--as", "form", type=click.Choice(["folders"]), default="folders", show_default=True, help="The form.")
@click.option("--to", type=click.Path(path_type=Path), help="A new folder; the data set's name if not given.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many images for training, and for test.")
def export(name: str, form: str, to: Path | None, limit: int | None) -> None:  # noqa: ARG001 - there is one form yet
    """Write the data set called NAME as folders of pictures: train, validation and test, by class.

    \b
    Example:
        rabisco data export digits --as folders --to digits-as-folders
    """
    from rabisco.data import load
    from rabisco.data.export import export_folders

    target = to or Path(name)
    written = export_folders(load(name, limit=limit), target)
    click.echo(f"{written:,} pictures in {target}")


data.add_command(errors)
data.add_command(inspect)


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
