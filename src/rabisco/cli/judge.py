"""``rabisco evaluate`` and ``rabisco compare``: how good a model is, and which of several is better."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rabisco.cli.output import json_option, print_json, wide_console

if TYPE_CHECKING:
    from rabisco.evaluation import Evaluation

split_option = click.option(
    "--split",
    type=click.Choice(["validation", "test"]),
    default="test",
    show_default=True,
    help="Which images to judge on; make choices on validation.",
)


@click.command()
@click.argument("name", metavar="MODEL")
@click.option("--dataset", "dataset_name", help="Judge on this data set instead of the model's own.")
@split_option
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw confusion matrix, reliability and learning curves into this folder.",
)
@json_option
def evaluate(name: str, dataset_name: str | None, split: str, plots: Path | None, as_json: bool) -> None:
    """Judge the saved MODEL: accuracy with its interval, ROC AUC, calibration, each class, confusions.

    \b
    Example:
        rabisco evaluate mnist-cnn
        rabisco evaluate mnist-linear --split validation --json
        rabisco evaluate emnist-cnn --plots pictures
    """

    from rabisco import evaluation
    from rabisco.data import load
    from rabisco.evaluation.tables import class_table, evaluation_table
    from rabisco.inference import get_predictor

    predictor = get_predictor(name)
    dataset = load(dataset_name or predictor.card.dataset.name, seed=predictor.card.dataset.split_seed)
    reader = evaluation.DatasetReader(predictor, dataset.class_names)
    result = evaluation.evaluate(reader, getattr(dataset, split), reader.class_names, predictor.card.temperature)
    title = f"{name} on {dataset.name}, {split} split"
    if plots:
        _draw(plots, name, title, result, predictor.card.history)
    if as_json:
        print_json(result.to_dict())
        return
    console = wide_console()
    console.print(evaluation_table(result, title))
    console.print(class_table(result))


@click.command()
@click.argument("names", metavar="MODEL...", nargs=-1, required=True)
@click.option("--dataset", "dataset_name", help="Compare on this data set instead of the first model's own.")
@split_option
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Write the table as JSON to this file.")
@json_option
def compare(names: tuple[str, ...], dataset_name: str | None, split: str, save: Path | None, as_json: bool) -> None:
    """Compare saved MODELs in training time, accuracy and inference time, on the same images in the same run.

    The table is also saved, as comparison.json in RABISCO_HOME unless --save names another file.

    \b
    Example:
        rabisco compare mnist-cnn mnist-linear
        rabisco compare mnist-cnn mnist-linear --split validation --json
    """
    import json

    from rabisco import evaluation
    from rabisco.artifacts import load_artifact
    from rabisco.data import load
    from rabisco.evaluation.tables import comparison_table
    from rabisco.inference import get_predictor, named
    from rabisco.settings import get_settings

    predictors = [get_predictor(name) for name in names]
    first = predictors[0].card
    dataset = load(dataset_name or first.dataset.name, seed=first.dataset.split_seed)
    contestants = [
        evaluation.Contestant.of(load_artifact(named(name)), evaluation.DatasetReader(predictor, dataset.class_names))
        for name, predictor in zip(names, predictors, strict=True)
    ]
    comparison = evaluation.compare(contestants, getattr(dataset, split), f"{dataset.name}, {split} split")
    path = save or get_settings().home / "comparison.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(comparison.to_dict(), indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json(comparison.to_dict())
        return
    wide_console().print(comparison_table(comparison))
    click.echo(f"Saved as {path}")


def _draw(folder: Path, name: str, title: str, result: "Evaluation", history: list[dict[str, float]]) -> None:
    from rabisco.evaluation import plots

    drawings = {
        "confusions": plots.plot_confusion_matrix(result, title),
        "reliability": plots.plot_reliability(result.reliability, title),
    }
    if len(history) > 1:
        drawings["learning"] = plots.plot_learning_curves(history, name)
    folder.mkdir(parents=True, exist_ok=True)
    for drawing, content in drawings.items():
        path = folder / f"{name}-{drawing}.png"
        path.write_bytes(content)
        click.echo(f"Drawn: {path}", err=True)
