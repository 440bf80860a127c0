"""``rabisco train``: a recipe, or data of one's own, as a run that ends with the command."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from rabisco.cli.data import keys_in, say_understood
from rabisco.cli.follow import follow_to_the_end
from rabisco.cli.output import example, json_option, percent, print_json
from rabisco.errors import InvalidConfigurationError


def size(text: str) -> int:
    """Return bytes, of a number or of a text such as ``2GiB``."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    try:
        return TypeAdapter(ByteSize).validate_python(text)
    except ValidationError:
        raise click.BadParameter("expected a number of bytes, or a size such as 2GiB") from None


@click.command()
@click.argument("what", metavar="RECIPE|FILE|FOLDER")
@click.option("--test", type=click.Path(path_type=Path), help="Test data for a FILE or FOLDER of your own.")
@click.option("--names", help="Of the classes of your own data: “0 = A, 1 = B”, or “A, B, C” for all of them.")
@click.option(
    "--folders",
    type=click.Choice(["parts", "classes"]),
    help="What the outermost folders of your own pictures are; found if not given.",
)
@click.option("--name", help="Save under this name instead of the recipe's, or the file's.")
@click.option("--model", "architecture", help="Kind of model, such as cnn; an unknown one is answered with them all.")
@click.option("--epochs", type=int, help="Passes over the training images.")
@click.option("--batch-size", type=int, help="Images per step.")
@click.option("--learning-rate", type=float, help="Peak of the learning rate.")
@click.option("--minutes", type=float, help="End after so many minutes with the best weights so far.")
@click.option("--cpus", type=float, help="Processors that a cluster keeps for it; see RABISCO_RUNNER.")
@click.option("--gpus", type=float, help="GPUs that a cluster keeps for it.")
@click.option("--memory", type=size, help="Memory that a cluster keeps for it, such as 2GiB.")
@click.option("--base", help="Start from the weights of this model.")
@click.option("--seed", type=int, help="Seed of everything random; the recipe's if not given.")
@click.option("--limit", type=click.IntRange(min=1), help="Train on at most this many images: a quick try.")
@click.option("--pretrained", is_flag=True, default=None, help="Start from ImageNet's weights (ResNet-18).")
@click.option("--seconds", "preset", flag_value="seconds", help="A tiny model of few images, to see it work.")
@click.option("--fast", "preset", flag_value="fast", help="A small network in few epochs: nearly as good, far sooner.")
@click.option(
    "--leave-out",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Train without the images that this CSV file names, as `rabisco data errors` writes it.",
)
@click.option("--without-supplements", is_flag=True, help="Train without the recipe's further data sets.")
@json_option
@example(
    "rabisco train digits-linear",
    "rabisco train fashion-cnn --epochs 2",
    "rabisco train cifar10-resnet18 --pretrained",
    "rabisco train train.csv --test test.csv --name mine",
    "rabisco train pictures/ --seconds",
    'rabisco train signs.csv --names "0 = A, 1 = B"',
    "rabisco train mnist-cnn --fast --name quick",
    "rabisco train train.csv --leave-out errors.csv",
)
def train(
    *,
    what: str,
    test: Path | None,
    names: str | None,
    folders: str | None,
    name: str | None,
    leave_out: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Train what RECIPE describes and save it; or a CSV FILE, or a FOLDER or zip archive of pictures by class.

    Ctrl-C ends the training and keeps the best weights so far; a second Ctrl-C cancels it.
    """
    from rabisco.artifacts import load_artifact
    from rabisco.runs import RunRequest, submit

    given = {key: value for key, value in asked.items() if value is not None}
    if leave_out:
        given["leave_out"] = keys_in(leave_out)
    values = {**source_of(what, test, names, folders), **({"artifact": name} if name else {}), **given}
    run_id = submit(RunRequest.parse(values)).id
    run = follow_to_the_end(run_id, quietly=as_json, on_interrupt=_stop_then_cancel(run_id))
    if run.artifact_version is None:
        click.echo(f"{run_id}: {run.state}. {run.message}".rstrip(), err=True)
        raise click.exceptions.Exit(1)
    artifact = load_artifact(run.artifact, run.artifact_version)
    if as_json:
        print_json(artifact.card.model_dump(mode="json"))
        return
    metrics = artifact.card.metrics
    low, high = percent(metrics["test_accuracy_low"]), percent(metrics["test_accuracy_high"])
    click.echo(f"{artifact.name}: trained in {artifact.card.training_seconds:.1f} s and saved.")
    click.echo(f"Test accuracy {percent(metrics['test_accuracy'])} (95% interval {low} to {high})")


def _stop_then_cancel(run_id: str) -> Callable[[], None]:
    """Return what Ctrl-C does: the first time the training is stopped, the second time it is cancelled."""
    from rabisco.errors import RunConflictError
    from rabisco.runs import request_cancel, request_stop

    orders = [request_cancel, request_stop]

    def interrupt() -> None:
        try:
            if orders.pop() is request_stop:
                click.echo("\nStopping with the best weights so far; Ctrl-C again cancels.", err=True)
                request_stop(run_id)
            else:
                request_cancel(run_id)
        except RunConflictError:  # it still waits, so that there is nothing to keep; or it has just ended
            request_cancel(run_id)
        except IndexError:
            raise SystemExit(130) from None

    return interrupt


def source_of(what: str, test: Path | None, names: str | None = None, folders: str | None = None) -> dict[str, Any]:
    """Return the fields of a run's request that say what to train on, and what to call the model.

    Data of one's own are kept as an upload first, and what is odd about them is said on standard error.

    Raises:
        InvalidConfigurationError: It is neither; or a recipe, and there are options for data of one's own.
        UnusableDataError: The data cannot be trained on.
    """
    from rabisco.recipes import recipe_names

    path, recipes = Path(what), recipe_names()
    if what not in recipes:
        if not path.exists():
            _refuse_unknown(what, recipes)
        return _own(path, test, names, folders)
    if test is not None:
        raise InvalidConfigurationError(
            f"test data go with a file or a folder of your own. Received: the recipe {what!r}; leave --test out"
        )
    if names or folders:
        raise InvalidConfigurationError(
            f"--names and --folders go with data of your own. Received: the recipe {what!r}; leave them out"
        )
    return {"data": {"recipe": what}, "artifact": what}


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
    say_understood(found)
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
