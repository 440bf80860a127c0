"""``rabisco sweep``: one recipe with every combination of some settings, each run told, drawn and compared."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rabisco.cli.follow import follow_to_the_end

if TYPE_CHECKING:
    from rabisco.runs import Run


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--to", type=click.Path(path_type=Path), help="Folder for tables and pictures; the file's name if not given."
)
def sweep(file: Path, to: Path | None) -> None:
    """Train every combination that FILE describes, one after another, and compare them.

    A sweep that was interrupted goes on where it stopped when it is started again. A combination that cannot be
    trained is named, the others are, and the exit status is 1.

    \b
    Example:
        rabisco sweep digits.toml
    """
    from rabisco.errors import RabiscoError
    from rabisco.runs.sweep import read_sweep, take_up, words_of

    told = read_sweep(file)
    folder = to or file.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    rows, failed = [], 0
    for number, values in enumerate(told.combinations(), 1):
        click.echo(f"{number}. {words_of(values)}")
        try:
            run = follow_to_the_end(take_up(told, number, values).id)
            if run.artifact_version is not None:
                rows.append(_told(run, number, values, folder))
                _summarize(rows, list(told.grid), folder)
                continue
            click.echo(f"{run.state}. {run.message}".rstrip())
        except RabiscoError as error:
            click.secho(f"Error: {error}", fg="red", err=True)
        failed += 1
    if rows:
        click.echo(f"\n{(folder / 'summary.md').read_text(encoding='utf-8')}\nTables and pictures are in {folder}")
    if failed:
        raise click.exceptions.Exit(1)


def _told(run: "Run", number: int, values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Say how a run went, draw its curves, and return its row of the summary."""
    from rabisco.artifacts import load_artifact
    from rabisco.evaluation.plots import plot_learning_curves

    card = load_artifact(run.artifact, run.artifact_version).card
    last = card.history[-1]
    speed, device = last.get("examples_per_second", 0.0), (run.progress or {}).get("device", card.hardware)
    click.echo(
        f"loss {last['loss']:.3f}, train acc {last['accuracy']:.3f}, valid acc {last['validation_accuracy']:.3f}"
    )
    click.echo(f"{speed:.1f} examples/sec on [{device}]")
    title = ", ".join(f"{name} {value}" for name, value in values.items())
    (folder / f"{number}.png").write_bytes(plot_learning_curves(card.history, title))
    kept = {name: card.metrics[name] for name in ("validation_accuracy", "test_accuracy")}
    facts = {"loss": last["loss"], "train_accuracy": last["accuracy"], "examples_per_second": speed, "device": device}
    return {"run": run.id, **values, **kept, **facts, "seconds": card.training_seconds, "history": card.history}


def _summarize(rows: list[dict[str, Any]], varied: list[str], folder: Path) -> None:
    """Write ``summary.json``, ``summary.md`` and ``summary.png``."""
    from rabisco.evaluation.plots import plot_sweep

    (folder / "summary.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    heads = [*varied, "loss", "train acc", "valid acc", "test acc", "examples/s", "minutes"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows:
        accuracies = (f"{row[name]:.3f}" for name in ("train_accuracy", "validation_accuracy", "test_accuracy"))
        cells = [*(f"{row[name]}" for name in varied), f"{row['loss']:.3f}", *accuracies]
        lines.append(f"| {' | '.join(cells)} | {row['examples_per_second']:.0f} | {row['seconds'] / 60:.1f} |")
    (folder / "summary.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    curves = {", ".join(f"{name} {row[name]}" for name in varied): row["history"] for row in rows}
    (folder / "summary.png").write_bytes(plot_sweep(curves))
