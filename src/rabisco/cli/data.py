"""``rabisco data``: which data sets there are, and what is in one."""

from typing import Any

import click

from rabisco.cli.output import json_option, print_json


@click.command()
@click.argument("name", required=False)
@json_option
def data(name: str | None, as_json: bool) -> None:
    """List the data sets, or fetch and describe the one called NAME.

    A data set is looked for in RABISCO_DATA_DIR, then in the cache; if it is in neither it is downloaded.

    \b
    Example:
        rabisco data
        rabisco data digits
    """
    if name is None:
        _list(as_json)
    else:
        _describe(name, as_json)


def _list(as_json: bool) -> None:
    from rich.console import Console
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
    Console().print(table)


def _describe(name: str, as_json: bool) -> None:
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
