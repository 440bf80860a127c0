"""``rabisco models``: what has been trained, its versions, and which of them answers."""

from typing import Any

import click

from rabisco.cli.output import (
    NameOrCommand,
    example,
    json_option,
    local_time,
    model_argument,
    percent,
    print_json,
    wide_console,
)


@click.group(
    cls=NameOrCommand, for_names="show", invoke_without_command=True, subcommand_metavar="[NAME | COMMAND ...]"
)
@json_option
@click.pass_context
@example("rabisco models", "rabisco models mnist-cnn", "rabisco models versions mnist-cnn")
def models(context: click.Context, as_json: bool) -> None:
    """List the saved models, or print the card of the one called NAME; the commands choose among its versions."""
    if context.invoked_subcommand is not None:
        return
    from rabisco.artifacts import list_artifacts, list_damaged

    cards = [artifact.card for artifact in list_artifacts()]
    if as_json:
        print_json([card.model_dump(mode="json") for card in cards])
    else:
        _print_models(cards)
    damaged = list_damaged()
    for error in damaged.values():
        click.secho(f"Error: {error}", fg="red", err=True)
    if damaged:
        raise click.exceptions.Exit(1)


@models.command(hidden=True)
@model_argument()
@click.option("--json", is_flag=True, hidden=True, expose_value=False)  # a card is JSON in any case
@example("rabisco models mnist-cnn")
def show(name: str) -> None:
    """Print the card of the model called NAME."""
    from rabisco.artifacts import load_artifact

    print_json(load_artifact(name).card.model_dump(mode="json"))


@models.command()
@model_argument()
@json_option
@example("rabisco models versions mnist-cnn")
def versions(name: str, as_json: bool) -> None:
    """List the versions of the model called NAME, newest first; each save is one, version 0 is the bundled one."""
    from rich.table import Table

    from rabisco import artifacts

    found = artifacts.versions(name)
    if as_json:
        facts = [{"version": one.number, "current": one.current, "previous": one.previous} for one in found]
        cards = [one.card and one.card.model_dump(mode="json") for one in found]
        print_json([{**fact, "card": card} for fact, card in zip(facts, cards, strict=True)])
        return
    table = Table("Version", "Answers", "Trained", "Test accuracy", "Notes")
    for one in found:
        state = "now" if one.current else "before" if one.previous else ""
        table.add_row(str(one.number), state, *_facts(one.card))
    wide_console().print(table)


def _facts(card: Any) -> tuple[str, str, str]:
    if card is None:
        return "", "", "its card cannot be read"
    accuracy = percent(card.metrics["test_accuracy"]) if "test_accuracy" in card.metrics else ""
    return local_time(card.created), accuracy, card.notes


@models.command()
@model_argument()
@click.argument("version", type=click.IntRange(min=0))
@example("rabisco models use mnist-cnn 0")
def use(name: str, version: int) -> None:
    """Let VERSION of the model called NAME answer from now on; running servers notice at once."""
    from rabisco import artifacts

    artifacts.use_version(name, version)
    click.echo(f"Version {version} of {name} answers now. To go back: rabisco models rollback {name}")


@models.command()
@model_argument()
@click.argument("version", required=False, type=click.IntRange(min=0))
@example("rabisco models promote mnist-linear")
def promote(name: str, version: int | None) -> None:
    """Let the model called NAME answer when none is asked for by name; with VERSION, that version of it."""
    from rabisco import artifacts

    artifacts.promote(name, version)
    click.echo(f"{name} answers by default now. To go back: rabisco models rollback")


@models.command()
@model_argument(required=False)
@example("rabisco models rollback mnist-cnn")
def rollback(name: str | None) -> None:
    """Let the version of NAME answer that did before; without NAME, the model that did before by default."""
    from rabisco import artifacts
    from rabisco.settings import get_settings

    if name is None:
        before = artifacts.rollback_default() or get_settings().default_model
        click.echo(f"{before} answers by default again.")
    else:
        click.echo(f"Version {artifacts.rollback(name)} of {name} answers again.")


@models.command(name="name-classes")
@model_argument()
@click.argument("names")
@example('rabisco models name-classes signs "0 = A, 1 = B"')
def name_classes(name: str, names: str) -> None:
    """Give the classes of the model called NAME other NAMES: some of them, or all in their order.

    The result is a new version of the same weights, which answers from then on.
    """
    from rabisco import artifacts
    from rabisco.intake.naming import parse_class_names

    artifact = artifacts.rename_classes(name, parse_class_names(names))
    click.echo(f"Version {artifact.version} of {artifact.name} answers now: {' '.join(artifact.card.class_names)}")
    click.echo(f"To go back: rabisco models rollback {artifact.name}")


@models.command()
@model_argument()
@example("rabisco models refit mnist-cnn")
def refit(name: str) -> None:
    """Fit anew when the model called NAME refuses to answer, on its validation split; its weights stay as they are.

    The result is a new version, which answers from then on.
    """
    from rabisco.retraining.rejection_rule import version_with_rule

    version = version_with_rule(name).version
    click.echo(f"Version {version} of {name} answers now, with a new rule. To go back: rabisco models rollback {name}")


@models.command()
@model_argument()
@click.argument("version", required=False, type=click.IntRange(min=0))
@click.option("--yes", is_flag=True, help="Do not ask.")
@example("rabisco models delete my-model 3")
def delete(name: str, version: int | None, yes: bool) -> None:
    """Delete VERSION of the model called NAME for good; without VERSION, all that were trained here."""
    from rabisco import artifacts

    what = f"all versions of {name} trained here" if version is None else f"version {version} of {name}"
    if not yes:
        click.confirm(f"Delete {what} for good?", abort=True)
    if version is None:
        artifacts.delete_model(name)
    else:
        artifacts.delete(name, version)
    click.echo(f"Deleted {what}.")


def _print_models(cards: list[Any]) -> None:
    from rich.table import Table

    if not cards:
        click.echo("No model has been trained yet; train one first: rabisco train mnist-cnn")
        return
    table = Table("Name", "Architecture", "Data set", "Parameters", "Test accuracy", "Trained in")
    for card in cards:
        accuracy = percent(card.metrics["test_accuracy"]) if "test_accuracy" in card.metrics else ""
        seconds = f"{card.training_seconds:.1f} s"
        table.add_row(card.name, card.architecture, card.dataset.name, f"{card.parameters:,}", accuracy, seconds)
    wide_console().print(table)
