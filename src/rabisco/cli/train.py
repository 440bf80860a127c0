"""``rabisco train``: run a recipe, with its progress."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from rabisco.cli.output import json_option, percent, print_json

if TYPE_CHECKING:
    from rabisco.training import Progress, Request


@click.command()
@click.argument("recipe_name", metavar="RECIPE")
@click.option("--epochs", type=int, help="Passes over the training images.")
@click.option("--batch-size", type=int, help="Images per step.")
@click.option("--learning-rate", type=float, help="Peak of the learning rate.")
@click.option("--seed", type=int, help="Seed of everything random.")
@click.option("--limit", type=click.IntRange(min=1), help="Train on at most this many images: a quick try.")
@click.option("--name", help="Save under this name instead of the recipe's.")
@json_option
def train(recipe_name: str, limit: int | None, name: str | None, as_json: bool, **overrides: Any) -> None:
    """Train the model that RECIPE describes and save it.

    Ctrl-C ends the training and keeps the best weights so far; a second Ctrl-C cancels it.

    \b
    Example:
        rabisco train digits-linear
        rabisco train mnist-cnn --epochs 2
    """
    from rabisco.recipes import get_recipe, run

    recipe = get_recipe(recipe_name)
    changes = {key: value for key, value in overrides.items() if value is not None}
    recipe = replace(recipe, name=name or recipe.name, configuration=replace(recipe.configuration, **changes))
    with _interruptible() as interruptions, _progress_bar(shown=not as_json) as on_progress:

        def request() -> "Request":
            return "continue" if not interruptions else "stop" if len(interruptions) == 1 else "cancel"

        artifact = run(recipe, on_progress, request, limit)
    if as_json:
        print_json(artifact.card.model_dump(mode="json"))
        return
    metrics = artifact.card.metrics
    low, high = percent(metrics["test_accuracy_low"]), percent(metrics["test_accuracy_high"])
    click.echo(f"{artifact.name}: trained in {artifact.card.training_seconds:.1f} s and saved.")
    click.echo(f"Test accuracy {percent(metrics['test_accuracy'])} (95% interval {low} to {high})")


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Collect Ctrl-C in the list given, instead of ending the program."""
    interruptions: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the form that signal asks for
        interruptions.append(number)
        if len(interruptions) == 1:
            click.echo("\nStopping with the best weights so far; Ctrl-C again cancels.", err=True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interruptions
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress_bar(shown: bool) -> Iterator[Any]:
    """Yield the function that draws a ``Progress`` on the terminal: one bar an epoch, which stays."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("epoch {task.description}"), BarColumn(24), TextColumn("{task.fields[figures]}"))
    with Bars(*columns, console=Console(stderr=True), disable=not shown) as bars:
        tasks: dict[int, Any] = {}

        def draw(progress: "Progress") -> None:
            if progress.epoch not in tasks:
                description = f"{progress.epoch}/{progress.epochs}"
                tasks[progress.epoch] = bars.add_task(description, total=progress.steps, figures="")
            bars.update(tasks[progress.epoch], completed=progress.step, figures=_figures(progress))

        yield draw


def _figures(progress: "Progress") -> str:
    """Return loss, accuracies, speed and time left on one line."""
    line = f"loss {progress.loss:.3f}, train acc {progress.accuracy:.3f}"
    if progress.validation_accuracy is not None:
        line += f", valid acc {progress.validation_accuracy:.4f}"
    if progress.examples_per_second is None or progress.eta_seconds is None:
        return line
    minutes, seconds = divmod(round(progress.eta_seconds), 60)
    return f"{line}, {progress.examples_per_second:.0f} examples/s, {minutes}:{seconds:02d} left"
