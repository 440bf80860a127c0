"""``rabisco sweep``: one recipe with several combinations of some settings, told, drawn and compared."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rabisco.cli.follow import LOOK, follow_to_the_end
from rabisco.cli.output import example, percent

if TYPE_CHECKING:
    from rabisco.runs import Run
    from rabisco.runs.sweeps import Sweep, SweepTrial

PICTURE_INTERVAL = 10  # seconds; drawing takes longer than a small model's epoch
_COLUMNS = {
    "loss": ("loss", ".3f"),
    "train_accuracy": ("train acc", ".3f"),
    "validation_accuracy": ("valid acc", ".3f"),
    "examples_per_second": ("examples/s", ".0f"),
    "minutes": ("minutes", ".1f"),
}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--to", type=click.Path(path_type=Path), help="Folder for tables and pictures; the file's name if not given."
)
@example("rabisco sweep digits.toml")
def sweep(file: Path, to: Path | None) -> None:
    """Train the combinations that FILE describes, one after another or all on a cluster, and compare them.

    FILE says search = "grid" (every combination), "random" (some, drawn) or "asha" (all for one epoch, the best third
    for three, and so on). The best on validation images is judged on the test images.

    A sweep that was interrupted goes on where it stopped when it is started again. A combination that cannot be
    trained is named, the others are, and the exit status is 1.
    """
    from rabisco.runs.sweeps import read_sweep

    told = read_sweep(file)
    folder = to or file.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    failed, next_picture = 0, time.monotonic() + PICTURE_INTERVAL
    for row in (_halved if told.search == "asha" else _trained)(told, folder):
        if row is None:
            failed += 1
            continue
        rows = [*(one for one in rows if one["number"] != row["number"]), row]
        rows.sort(key=lambda one: one["number"])
        _summarize(rows, list(told.grid), folder)
        if time.monotonic() >= next_picture:
            _draw(rows, list(told.grid), folder)
            next_picture = time.monotonic() + PICTURE_INTERVAL
    if rows:
        _draw(rows, list(told.grid), folder)
        click.echo(f"\n{(folder / 'summary.md').read_text(encoding='utf-8')}\nTables and pictures are in {folder}")
    if failed:
        raise click.exceptions.Exit(1)


def _trained(told: "Sweep", folder: Path) -> Iterator[dict[str, Any] | None]:
    """Train each combination as a run of its own; yield its row, or nothing where it cannot be trained.

    A cluster gets all of them at once and trains as many at a time as it has room for.
    """
    from rabisco.errors import RabiscoError
    from rabisco.runs.sweeps import submit_or_resume, words_of
    from rabisco.settings import get_settings

    combinations, begun = list(enumerate(told.combinations(), 1)), dict[int, str]()
    for number, values in combinations if get_settings().runner else ():
        with suppress(RabiscoError):  # told below
            begun[number] = submit_or_resume(told, number, values).id
    for number, values in combinations:
        click.echo(f"{number}. {words_of(values)}")
        try:
            run = follow_to_the_end(begun.get(number) or submit_or_resume(told, number, values).id)
        except RabiscoError as error:
            click.secho(f"Error: {error}", fg="red", err=True)
            yield None
        else:
            yield _row_of(run, number, values, folder)


def _halved(told: "Sweep", folder: Path) -> Iterator[dict[str, Any] | None]:
    """Order all trainings and supervise them from rung to rung; yield the row of each whenever it stands or ends."""
    from rabisco.errors import RabiscoError
    from rabisco.runs import ENDED, sweeps, tend
    from rabisco.runs.supervisor import supervising_many
    from rabisco.runs.sweeps import submit_or_resume, words_of

    begun = dict[str, tuple[int, dict[str, Any]]]()
    for number, values in enumerate(told.combinations(), 1):
        try:
            begun[submit_or_resume(told, number, values).id] = number, values
        except RabiscoError as error:
            click.secho(f"{number}. {words_of(values)}\nError: {error}", fg="red", err=True)
            yield None
    said = dict[str, tuple[str, int]]()
    ours = list[sweeps.SweepTrial]()
    with supervising_many() as supervisor:
        while len(said) < len(begun) or any(one.run.state not in ENDED for one in ours):
            tend(supervisor)
            ours = [one for one in sweeps.standing(told.name).trials if one.run.id in begun]
            for one in ours:
                stands = one.run.state, len(one.history)
                if one.run.state in ("paused", *ENDED) and said.get(one.run.id) != stands:
                    said[one.run.id] = stands
                    number, values = begun[one.run.id]
                    reached = f"{one.run.state}, epoch {len(one.history)}/{one.run.configuration['epochs']}"
                    click.echo(f"{number}. {words_of(values)}: {reached}, valid acc {one.accuracy or 0:.4f}")
                    waits = one.run.state in ("paused", "outdone")
                    yield _row_so_far(one, number) if waits else _row_of(one.run, number, values, folder)
            time.sleep(LOOK)
    epochs, full = sum(len(one.history) for one in ours), sum(one.run.configuration["epochs"] for one in ours)
    click.echo(f"{epochs} epochs were trained, of {full} that all combinations take in full")


def _row_so_far(trial: "SweepTrial", number: int) -> dict[str, Any]:
    """Return the row of a training that pauses, or was outdone, and so made no model."""
    last = trial.history[-1]
    return {
        **{"number": number, "run": trial.run.id, **trial.values},
        **{"loss": last["loss"], "train_accuracy": last["accuracy"], "validation_accuracy": trial.accuracy},
        **{"examples_per_second": last["examples_per_second"] or 0.0, "minutes": last["seconds"] / 60},
        **{"trained": False, "history": trial.history},
    }


def _row_of(run: "Run", number: int, values: dict[str, Any], folder: Path) -> dict[str, Any] | None:
    """Say how a run went, draw its curves, and return its row of the summary; nothing if it made no model."""
    from rabisco.artifacts import load_artifact
    from rabisco.evaluation.plots import plot_learning_curves

    if run.artifact_version is None:
        click.echo(f"{run.state}. {run.message}".rstrip())
        return None
    card = load_artifact(run.artifact, run.artifact_version).card
    last = card.history[-1]
    speed, device = last.get("examples_per_second", 0.0), (run.progress or {}).get("device", card.hardware)
    click.echo(
        f"loss {last['loss']:.3f}, train acc {last['accuracy']:.3f}, valid acc {last['validation_accuracy']:.3f}"
    )
    click.echo(f"{speed:.1f} examples/sec on [{device}]")
    title = ", ".join(f"{name} {value}" for name, value in values.items())
    (folder / f"{number}.png").write_bytes(plot_learning_curves(card.history, title))
    judged = {name: card.metrics[f"test_accuracy{name}"] for name in ("", "_low", "_high")}
    facts = {"loss": last["loss"], "train_accuracy": last["accuracy"], "examples_per_second": speed, "device": device}
    validation = {"validation_accuracy": card.metrics["validation_accuracy"], "trained": True, "judged": judged}
    minutes = {"seconds": card.training_seconds, "minutes": card.training_seconds / 60}
    return {"number": number, "run": run.id, **values, **validation, **facts, **minutes, "history": card.history}


def _summarize(rows: list[dict[str, Any]], varied: list[str], folder: Path) -> None:
    """Write ``summary.json`` and ``summary.md``.

    The best is chosen on validation images; of the test images only its result is told.
    """
    trained = [row for row in rows if row["trained"]]
    best = max(trained, key=lambda row: row["validation_accuracy"], default=None)
    told = [{name: value for name, value in row.items() if name not in ("judged", "trained")} for row in rows]
    lines = [f"| {' | '.join([*varied, *(head for head, _ in _COLUMNS.values())])} |"]
    lines.append(f"|{'---|' * (len(varied) + len(_COLUMNS))}")
    for row in rows:
        cells = [
            *(f"{row[name]}" for name in varied),
            *(f"{row[name]:{form}}" for name, (_, form) in _COLUMNS.items()),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if best is not None and "judged" in best:
        accuracy, low, high = (best["judged"][name] for name in ("", "_low", "_high"))
        told[rows.index(best)]["test_accuracy"] = accuracy
        words = ", ".join(f"{name} {best[name]}" for name in varied)
        lines.append(f"\nBest on validation images: {best['number']} ({words}).")
        lines.append(f"On the test images: {percent(accuracy)} (95% interval {percent(low)} to {percent(high)}).")
    (folder / "summary.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (folder / "summary.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _draw(rows: list[dict[str, Any]], varied: list[str], folder: Path) -> None:
    """Draw ``summary.png`` and ``parallel.png``."""
    from rabisco.evaluation.plots import plot_parallel, plot_sweep

    curves = {", ".join(f"{name} {row[name]}" for name in varied): row["history"] for row in rows}
    (folder / "summary.png").write_bytes(plot_sweep(curves))
    settings = [{name: row[name] for name in varied} for row in rows]
    (folder / "parallel.png").write_bytes(plot_parallel(settings, [row["validation_accuracy"] for row in rows]))
