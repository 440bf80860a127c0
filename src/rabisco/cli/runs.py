"""``rabisco runs``: trainings as they wait, run and end, and orders to them."""

import time
from typing import TYPE_CHECKING

import click

from rabisco.cli.follow import LOOK, follow_to_the_end
from rabisco.cli.output import example, json_option, local_time, percent, print_json, wide_console
from rabisco.cli.train import train

if TYPE_CHECKING:
    from rabisco.runs import Run

CANCEL_SECONDS = 5.0


@click.group()
@example("rabisco runs list", "rabisco runs follow RUN_ID")
def runs() -> None:
    """Show trainings, and stop, cancel, resume, repeat, rename or delete them."""


@runs.command("list")
@json_option
@example("rabisco runs list")
def list_(as_json: bool) -> None:
    """List the runs, the newest first."""
    from rabisco.runs import list_runs

    found = list_runs()
    if as_json:
        print_json([run.to_dict() for run in found])
    elif found:
        _print_runs(found)
    else:
        click.echo("There is no run yet; start one: rabisco train digits-linear")


runs.add_command(train, "start")


@runs.command()
@click.argument("run_id")
@example("rabisco runs show RUN_ID")
def show(run_id: str) -> None:
    """Print all that is known of a run, as JSON."""
    from rabisco.runs import get

    print_json(get(run_id).to_dict())


@runs.command()
@click.argument("run_id")
@json_option
@example("rabisco runs follow RUN_ID")
def follow(run_id: str, as_json: bool) -> None:
    """Show how a run goes on, until it has ended; Ctrl-C ends the showing, not the run."""
    _follow(run_id, as_json)


@runs.command()
@click.argument("run_id")
@example("rabisco runs stop RUN_ID")
def stop(run_id: str) -> None:
    """Have a run end now and keep the best weights so far."""
    from rabisco.runs import request_stop

    _say(request_stop(run_id))


@runs.command()
@click.argument("run_id")
@example("rabisco runs cancel RUN_ID")
def cancel(run_id: str) -> None:
    """Have a run end now, without a model."""
    from rabisco.runs import ENDED, get, request_cancel, tend

    run = request_cancel(run_id)
    until = time.monotonic() + CANCEL_SECONDS
    while run.state not in ENDED and time.monotonic() < until:
        tend()
        time.sleep(LOOK)
        run = get(run_id)
    _say(run)


@runs.command()
@click.argument("run_id")
@json_option
@example("rabisco runs resume RUN_ID")
def resume(run_id: str, as_json: bool) -> None:
    """Go on with a run that ended early, from its last checkpoint, and follow it."""
    from rabisco.runs import resume as again

    _follow(again(run_id).id, as_json)


@runs.command()
@click.argument("run_id")
@json_option
@example("rabisco runs retry RUN_ID")
def retry(run_id: str, as_json: bool) -> None:
    """Do the same again, as a new run, and follow it."""
    from rabisco.runs import retry as repeat

    _follow(repeat(run_id).id, as_json)


@runs.command()
@click.argument("run_id")
@example("rabisco runs delete RUN_ID")
def delete(run_id: str) -> None:
    """Delete a run; the model that it made stays."""
    from rabisco.runs import delete as remove

    remove(run_id)
    click.echo(f"{run_id}: deleted")


@runs.command()
@click.argument("run_id")
@click.argument("name")
@example('rabisco runs rename RUN_ID "With corrections"')
def rename(run_id: str, name: str) -> None:
    """Give a run another name."""
    from rabisco.runs import rename as give_name

    _say(give_name(run_id, name))


def _say(run: "Run") -> None:
    click.echo(f"{run.id} {run.name}: {run.state}{f' ({run.wanted} wanted)' if run.wanted else ''}")


def _print_runs(found: "list[Run]") -> None:
    from rich.table import Column, Table

    table = Table(
        Column("Run", no_wrap=True, min_width=16),
        "Name",
        "State",
        "Data",
        "Architecture",
        "Test accuracy",
        "Submitted",
    )
    for run in found:
        accuracy = percent(run.accuracy) if run.accuracy is not None else ""
        when = local_time(run.created)
        table.add_row(run.id, run.name, run.state, run.dataset, run.architecture, accuracy, when)
    wide_console().print(table)


def _follow(run_id: str, as_json: bool) -> None:
    """Show a run until it has ended, and what it came to.

    Raises:
        click.exceptions.Exit: It ended without a model, so that the command's exit status says so.
    """
    from rabisco.runs.states import KEPT

    run = follow_to_the_end(run_id, quietly=as_json)
    if as_json:
        print_json(run.to_dict())
    elif run.accuracy is not None:
        click.echo(
            f"{run.artifact} version {run.artifact_version}: test accuracy {percent(run.accuracy)} ({run.state})"
        )
    else:
        click.echo(f"{run.id}: {run.state}. {run.message}".rstrip())
    if run.state not in KEPT:
        raise click.exceptions.Exit(1)
