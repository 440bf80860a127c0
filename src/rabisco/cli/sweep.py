"""``rabisco sweep``: one recipe with several combinations of some settings, told, drawn and compared."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rabisco.cli.follow import follow_to_the_end
from rabisco.cli.output import percent

if TYPE_CHECKING:
    from rabisco.runs import Run
    from rabisco.runs.sweep import Sweep

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
def sweep(file: Path, to: Path | None) -> None:
    """Train the combinations that FILE describes, one after another or all on a cluster, and compare them.

    FILE says search = "grid" (every combination), "random" (some, drawn) or "asha" (all for one epoch, the best third
    for three, and so on). The best on validation images is judged on the test images.

    A sweep that was interrupted goes on where it stopped when it is started again. A combination that cannot be
    trained is named, the others are, and the exit status is 1.

    \b
    Example:
        rabisco sweep digits.toml
    """
    from rabisco.runs.sweep import read_sweep

    told = read_sweep(file)
    folder = to or file.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    failed = 0
    for row in (_halved if told.search == "asha" else _trained)(told, folder):
        if row is None:
            failed += 1
            continue
        rows = [*(one for one in rows if one["number"] != row["number"]), row]
        rows.sort(key=lambda one: one["number"])
        _summarize(rows, list(told.grid), folder)
    if rows:
        click.echo(f"\n{(folder / 'summary.md').read_text(encoding='utf-8')}\nTables and pictures are in {folder}")
    if failed:
        raise click.exceptions.Exit(1)


def _trained(told: "Sweep", folder: Path) -> Iterator[dict[str, Any] | None]:
    """Train each combination as a run of its own; yield its row, or nothing where it cannot be trained.

    A cluster gets all of them at once and trains as many at a time as it has room for.
    """
    from rabisco.errors import RabiscoError
    from rabisco.runs.sweep import take_up, words_of
    from rabisco.settings import get_settings

    combinations, begun = list(enumerate(told.combinations(), 1)), dict[int, str]()
    for number, values in combinations if get_settings().runner else ():
        with suppress(RabiscoError):  # told below
            begun[number] = take_up(told, number, values)[0].id
    for number, values in combinations:
        click.echo(f"{number}. {words_of(values)}")
        try:
            run = follow_to_the_end(begun.get(number) or take_up(told, number, values)[0].id)
        except RabiscoError as error:
            click.secho(f"Error: {error}", fg="red", err=True)
            yield None
        else:
            yield _row_of(run, number, values, folder)


def _halved(told: "Sweep", folder: Path) -> Iterator[dict[str, Any] | None]:
    """Search by successive halving, then make a model of the best; yield the rows as they grow."""
    from rabisco.runs.halving import Halving
    from rabisco.runs.sweep import words_of

    halving, wrong = Halving(told, folder), set()
    for trial in halving.search():
        if trial.wrong and trial.number not in wrong:
            wrong.add(trial.number)
            click.secho(f"{trial.number}. {words_of(trial.values)}\nError: {trial.wrong}", fg="red", err=True)
            yield None
        elif not trial.wrong:
            last = trial.history[-1]
            reached = f"epoch {len(trial.history)}/{trial.epochs}, valid acc {trial.standing[0]:.4f}"
            click.echo(f"{trial.number}. {words_of(trial.values)}: {reached}")
            yield {
                **{"number": trial.number, **trial.values},
                **{"loss": last["loss"], "train_accuracy": last["accuracy"], "history": trial.history},
                "validation_accuracy": trial.standing[0],
                "examples_per_second": last["examples_per_second"],
                "minutes": sum(row["seconds"] for row in trial.history) / 60,
                "trained": trial.is_trained,
            }
    epochs, full = (sum(counts) for counts in zip(*((len(t.history), t.epochs) for t in halving.trials), strict=True))
    click.echo(f"{epochs} epochs were trained, of {full} that all combinations take in full")
    best = halving.best()
    if best is not None:
        yield _row_of(follow_to_the_end(halving.take_up(best).id), best.number, best.values, folder)


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
    """Write ``summary.json``, ``summary.md``, ``summary.png`` and ``parallel.png``.

    The best is chosen on validation images; of the test images only its result is told.
    """
    from rabisco.evaluation.plots import plot_parallel, plot_sweep

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
    curves = {", ".join(f"{name} {row[name]}" for name in varied): row["history"] for row in rows}
    (folder / "summary.png").write_bytes(plot_sweep(curves))
    settings = [{name: row[name] for name in varied} for row in rows]
    (folder / "parallel.png").write_bytes(plot_parallel(settings, [row["validation_accuracy"] for row in rows]))
