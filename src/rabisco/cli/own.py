"""What a run is to be trained on, from a word of the command line: a recipe's name, or where one's own data lie."""

import re
from pathlib import Path
from typing import Any

import click

from rabisco.errors import InvalidConfigurationError


def source_of(what: str, test: Path | None) -> dict[str, Any]:
    """Return the fields of a run's request that say what to train on, and what to call the model.

    Data are kept as an upload first, and what is odd about them is said on standard error.

    Raises:
        InvalidConfigurationError: It is neither; or a recipe, and there are test data.
        UnusableDataError: The data cannot be trained on.
    """
    from rabisco.recipes import recipe_names

    path = Path(what)
    if what in recipe_names() or not path.exists():
        if test is not None:
            raise InvalidConfigurationError(
                f"test data go with a file or a folder of your own. Received: the recipe {what!r}; leave --test out"
            )
        return {"data": {"recipe": what}, "artifact": what}
    return _own(path, test)


def _own(path: Path, test: Path | None) -> dict[str, Any]:
    from rabisco import uploads

    upload = uploads.keep(path, test)
    found = upload.inspection
    assert found is not None
    for warning in found.warnings:
        click.secho(f"Warning: {warning.text}", fg="yellow", err=True)
    data = {
        "upload": upload.folder,
        "title": upload.name,
        "dialect": found.dialect.to_dict(),
        "test_dialect": found.test_dialect and found.test_dialect.to_dict(),
    }
    name = re.sub(r"[^\w.-]+", "-", upload.name.split(".")[0], flags=re.ASCII).strip("-_.")[:40]
    return {"data": data, "artifact": name or "own"}
