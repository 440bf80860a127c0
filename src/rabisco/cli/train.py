"""``rabisco train``: what a recipe describes, as a run that ends with the command."""

from collections.abc import Callable
from typing import Any

import click

from rabisco.cli.follow import follow_to_the_end
from rabisco.cli.output import json_option, percent, print_json


@click.command()
@click.argument("recipe_name", metavar="RECIPE")
@click.option("--epochs", type=int, help="Passes over the training images.")
@click.option("--batch-size", type=int, help="Images per step.")
@click.option("--learning-rate", type=float, help="Peak of the learning rate.")
@click.option("--seed", type=int, help="Seed of everything random.")
@click.option("--limit", type=click.IntRange(min=1), help="Train on at most this many images: a quick try.")
@click.option("--pretrained", is_flag=True, default=None, help="Begin with ImageNet's weights (ResNet-18).")
@click.option("--name", help="Save under this name instead of the recipe's.")
@json_option
def train(recipe_name: str, name: str | None, as_json: bool, **asked: Any) -> None:
    """Train the model that RECIPE describes and save it.

    Ctrl-C ends the training and keeps the best weights so far; a second Ctrl-C cancels it.

    \b
    Example:
        rabisco train digits-linear
        rabisco train mnist-cnn --epochs 2
        rabisco train cifar10-resnet18 --pretrained
    """
    from rabisco.artifacts import load_artifact
    from rabisco.runs import RunRequest, submit

    given = {key: value for key, value in asked.items() if value is not None}
    values = {"data": {"recipe": recipe_name}, "artifact": name or recipe_name, **given}
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
