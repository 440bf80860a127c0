"""``rabisco corrections``: what readers corrected, and retraining with it."""

from typing import TYPE_CHECKING

import click

from rabisco.cli.follow import follow_to_the_end
from rabisco.cli.output import (
    example,
    json_option,
    local_time,
    model_argument,
    percent,
    print_json,
    resolved,
    wide_console,
)

if TYPE_CHECKING:
    from rabisco.retraining import Difference, RetrainingReport


@click.group()
@example("rabisco corrections list", "rabisco corrections retrain mnist-cnn")
def corrections() -> None:
    """List what readers corrected, and retrain a model with it."""


@corrections.command(name="list")
@click.option("--model", "name", default="", callback=resolved, help="Only those of this model's readings.")
@json_option
@example("rabisco corrections list --model mnist-cnn")
def list_(name: str, as_json: bool) -> None:
    """List the newest corrections."""
    from rabisco import corrections

    page = corrections.listed(model=name)
    if as_json:
        rows = [
            {
                "id": one.id,
                "created": one.picture.created,
                "model": one.model,
                "version": one.artifact_version,
                "predicted": one.predicted,
                "true_label": one.true_label,
            }
            for one in page.corrections
        ]
        print_json({"total": page.total, "corrections": rows})
        return
    for one in page.corrections:
        said = "not a character" if one.true_label is None else one.true_label
        click.echo(f"{one.id:>6}  {local_time(one.picture.created)}  {one.model}: {one.predicted} -> {said}")
    click.echo(f"{page.total} corrections")


@corrections.command()
@model_argument(metavar="MODEL")
@click.option("--use", is_flag=True, help="Let the new version answer if nothing got worse beyond noise.")
@click.option("--even-if-worse", is_flag=True, help="With --use: let it answer in any case.")
@json_option
@example("rabisco corrections retrain mnist-cnn", "rabisco corrections retrain mnist-cnn --use")
def retrain(name: str, use: bool, even_if_worse: bool, as_json: bool) -> None:
    """Fine-tune MODEL on the corrections of its readings, with the original data replayed, as a new version.

    This is a run, as others are: Ctrl-C leaves it to itself. At its end the same test images have been read before and
    after, as they are and under each corruption, and the corrections. The rule by which it refuses is fitted again,
    with those that say "not a character" too. The new version answers only when told to.
    """
    from rabisco import artifacts
    from rabisco.runs import report_of, retrain

    run = follow_to_the_end(retrain(name).id, quietly=as_json)
    report = report_of(run.id)
    if report is None or run.artifact_version is None:
        click.echo(f"{run.id}: {run.state}. {run.message}".rstrip(), err=True)
        raise click.exceptions.Exit(1)
    version = run.artifact_version
    used = use and (even_if_worse or not report.worse)
    if used:
        artifacts.use_version(name, version)
    if as_json:
        print_json({**report.to_dict(), "version": version, "used": used})
        return
    _print(report, version)
    if used:
        click.echo(f"Version {version} answers now. To go back: rabisco models rollback {name}")
    elif report.worse:
        click.echo(f"Worse beyond noise: {', '.join(report.worse)}. Version {version} is kept and does not answer.")
        click.echo(f"To use it all the same: rabisco models use {name} {version}")
    else:
        click.echo(f"Nothing got worse beyond noise. To use it: rabisco models use {name} {version}")


def _print(report: "RetrainingReport", version: int) -> None:
    from rich.table import Table

    table = Table(
        "Images", "Number", f"Version {report.version_before}", f"Version {version}", "Change", "95% interval"
    )

    def counted(what: str, total: int, before: int, after: int) -> None:
        table.add_row(what, str(total), str(before), str(after), f"{after - before:+d}", "")

    for one in (report.test, *report.robustness) if report.trained_on else ():
        table.add_row(*_cells(one))
    if report.trained_on:
        counted("corrections", report.trained_on, report.corrected_before, report.corrected_after)
    if report.withheld_before or report.withheld_after:
        counted("of these, refused", report.trained_on, report.withheld_before, report.withheld_after)
    if report.not_characters:
        counted("not a character, refused", report.not_characters, report.refused_before, report.refused_after)
    if report.rule:
        for title, one in (("not refused", report.rule.characters), ("refused", report.rule.others)):
            table.add_row(f"{one.what}, {title}", *_cells(one)[1:])
    wide_console().print(table)
    if not report.trained_on:
        click.echo("The weights are the same as before: only what it refuses has changed.")
    if report.rule and not report.rule.kept:
        click.echo("A rule of refusal fitted with the corrections was worse beyond noise; the earlier one stays.")
    if report.left_out:
        click.echo(f"{report.left_out} corrections were left out: nothing drawn, or no class of the model.")


def _cells(one: "Difference") -> tuple[str, ...]:
    change, low, high = (f"{100 * value:+.2f}" for value in (one.change, one.change_low, one.change_high))
    return one.what, f"{one.examples:,}", percent(one.before), percent(one.after), change, f"{low} to {high}"
