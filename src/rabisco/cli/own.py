"""What a run is to be trained on, from a word of the command line: a recipe's name, or where one's own data lie."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from rabisco.errors import InvalidConfigurationError


def source_of(what: str, test: Path | None, names: str | None = None, folders: str | None = None) -> dict[str, Any]:
    """Return the fields of a run's request that say what to train on, and what to call the model.

    Data are kept as an upload first, and what was understood and what is odd about them is said on standard error.

    Args:
        what: The word.
        test: Test data for data of one's own.
        names: Of their classes, as in ``0 = A, 1 = B``.
        folders: What their outermost folders are, ``parts`` or ``classes``.

    Raises:
        InvalidConfigurationError: It is neither; or a recipe, and there are test data.
        UnusableDataError: The data cannot be trained on.
    """
    from rabisco.recipes import recipe_names

    path = Path(what)
    if what not in recipe_names() and not path.exists():
        _refuse_unknown(what, recipe_names())
    if what in recipe_names():
        if test is not None:
            raise InvalidConfigurationError(
                f"test data go with a file or a folder of your own. Received: the recipe {what!r}; leave --test out"
            )
        if names or folders:
            raise InvalidConfigurationError(
                f"--names and --folders go with data of your own. Received: the recipe {what!r}; leave them out"
            )
        return {"data": {"recipe": what}, "artifact": what}
    return _own(path, test, names, folders)


def _refuse_unknown(what: str, recipes: list[str]) -> None:
    """Refuse a word that is neither a recipe nor a file: as that which it looks like."""
    if Path(what).suffix or re.search(r"[/\\\\]", what):
        raise InvalidConfigurationError(
            f"a file or a folder was expected at {what!r}, nothing is there; check the name and the folder you are in "
            f"({Path.cwd()}), or name a recipe: {', '.join(recipes)}"
        )
    near = get_close_matches(what, recipes, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"a recipe is one of {', '.join(recipes)}"
    raise InvalidConfigurationError(f"a recipe, a file or a folder was expected. Received: {what!r}; {hint}")


def _own(path: Path, test: Path | None, names: str | None, folders: Any) -> dict[str, Any]:
    from rabisco import uploads
    from rabisco.artifacts import ALIASES, BUNDLED_DIR
    from rabisco.intake import Choices
    from rabisco.intake.naming import class_names_of
    from rabisco.text import plain

    choices = Choices(folders=folders, class_names=class_names_of(names))
    upload = uploads.keep(path, test, choices)
    found = upload.inspection
    assert found is not None
    if found.understood is not None:
        click.echo(found.understood.text, err=True)
    for warning in found.warnings:
        click.secho(f"Warning: {warning.text}", fg="yellow", err=True)
    data = {
        "upload": upload.folder,
        "title": upload.name,
        "dialect": found.dialect.to_dict(),
        "test_dialect": found.test_dialect and found.test_dialect.to_dict(),
    }
    name = re.sub(r"[^\w.-]+", "-", plain(upload.name.split(".")[0]), flags=re.ASCII).strip("-_.")[:40] or "own"
    return {"data": data, "artifact": f"my-{name}" if name in ALIASES or (BUNDLED_DIR / name).exists() else name}
