"""``rabisco evaluate`` and ``rabisco compare``: how good a model is, and which of several is better."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rabisco.cli.judging import artifact_of, form_option, images_for, language_option, report_option, write_report
from rabisco.cli.output import json_option, print_json, wide_console

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabisco.artifacts import Artifact
    from rabisco.data.dataset import Split
    from rabisco.evaluation import Comparison, DatasetReader, Evaluation
    from rabisco.web.models.report import Report

split_option = click.option(
    "--split",
    type=click.Choice(["validation", "test"]),
    default="test",
    show_default=True,
    help="Which images to judge on; make choices on validation.",
)


@click.command()
@click.argument("name", metavar="MODEL")
@click.option(
    "--dataset",
    "dataset_name",
    help="Judge on this data set instead of the model's own; or on a CSV file, a zip archive or a folder of pictures.",
)
@split_option
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw confusion matrix, reliability and learning curves into this folder.",
)
@report_option
@form_option
@language_option
@json_option
def evaluate(
    *,
    name: str,
    dataset_name: str | None,
    split: str,
    plots: Path | None,
    report: Path | None,
    form: str | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Judge the saved MODEL: accuracy with its interval, ROC AUC, calibration, each class, confusions.

    \b
    Example:
        rabisco evaluate mnist-cnn
        rabisco evaluate mnist-linear --split validation --json
        rabisco evaluate emnist-cnn --plots pictures
        rabisco evaluate mnist-cnn --report report.html
        rabisco evaluate mnist-cnn@0 --dataset my-test.csv
    """

    from rabisco import evaluation
    from rabisco.evaluation.readings import Readings
    from rabisco.evaluation.tables import class_table, evaluation_table
    from rabisco.inference import Predictor

    artifact = artifact_of(name)
    predictor = Predictor(artifact)
    dataset = images_for(dataset_name, artifact.card)
    reader = evaluation.DatasetReader(predictor, dataset.class_names)
    images, temperature = getattr(dataset, split), predictor.card.temperature
    evaluation.require_examples(images)
    logits = evaluation.read_logits(reader, images.images)
    result = evaluation.evaluate_logits(images.labels, logits, reader.class_names, temperature)
    title = f"{name} on {dataset.name}, {split} split"
    if plots:
        _draw(plots, name, title, result, predictor.card.history)
    if report:
        from rabisco.web.models.report import Report, Reported

        readings = Readings.of(images, logits, temperature)
        reported = Reported.of_evaluation(artifact, result, readings, images)
        write_report(Report([reported], f"{dataset.name}, {split}", len(images)), report, form, language)
    if as_json:
        print_json(result.to_dict())
        return
    console = wide_console()
    console.print(evaluation_table(result, title))
    console.print(class_table(result))


@click.command()
@click.argument("names", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--dataset",
    "dataset_name",
    help="Compare on this data set instead of the first model's own; or on a CSV file, a zip archive or a folder.",
)
@split_option
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Write the table as JSON to this file.")
@report_option
@form_option
@language_option
@json_option
def compare(
    *,
    names: tuple[str, ...],
    dataset_name: str | None,
    split: str,
    save: Path | None,
    report: Path | None,
    form: str | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Compare saved MODELs in training time, accuracy and inference time, on the same images in the same run.

    A MODEL is a name, a version of one (mnist-cnn@2), or the id of a training.

    The table is also saved, as comparison.json in RABISCO_HOME unless --save names another file.

    \b
    Example:
        rabisco compare mnist-cnn mnist-linear
        rabisco compare mnist-cnn mnist-linear --split validation --json
        rabisco compare mnist-cnn mnist-linear --report report.html --language pt
        rabisco compare mnist-cnn@0 mnist-tiny@0 --dataset my-test.csv
    """
    import json

    from rabisco import evaluation
    from rabisco.evaluation.tables import comparison_table
    from rabisco.inference import Predictor
    from rabisco.runs.load_cost import measure_load_cost
    from rabisco.settings import get_settings

    artifacts = [artifact_of(name) for name in names]
    dataset = images_for(dataset_name, artifacts[0].card)
    readers = [evaluation.DatasetReader(Predictor(one), dataset.class_names) for one in artifacts]
    weights = [measure_load_cost(one.name) for one in artifacts]
    contestants = [
        evaluation.Contestant.of(artifact, reader, *((one.load_ms, one.memory_bytes) if one else ()))
        for artifact, reader, one in zip(artifacts, readers, weights, strict=True)
    ]
    images, read = getattr(dataset, split), {}
    comparison = evaluation.compare(
        contestants, images, f"{dataset.name}, {split} split", on_read=lambda name, logits: read.update({name: logits})
    )
    if report:
        write_report(_report(artifacts, readers, images, comparison, read), report, form, language)
    path = save or get_settings().home / "comparison.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(comparison.to_dict(), indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json(comparison.to_dict())
        return
    wide_console().print(comparison_table(comparison))
    click.echo(f"Saved as {path}")


def _report(
    artifacts: "list[Artifact]",
    readers: "list[DatasetReader]",
    images: "Split",
    comparison: "Comparison",
    read: "dict[str, NDArray[np.float32]]",
) -> "Report":
    """Return what a comparison found, with what each model answered."""
    from rabisco.evaluation import evaluate_logits
    from rabisco.evaluation.readings import Readings
    from rabisco.web.models.compared import ModelDifference
    from rabisco.web.models.report import Report, Reported

    models = []
    for artifact, reader, row in zip(artifacts, readers, comparison.rows, strict=True):
        logits, temperature = read[artifact.name], artifact.card.temperature
        result = evaluate_logits(images.labels, logits, reader.class_names, temperature)
        readings = Readings.of(images, logits, temperature)
        models.append(Reported.of_evaluation(artifact, result, readings, images, row))
    cards = {artifact.name: artifact.card for artifact in artifacts}
    right = {row.name: row.accuracy for row in comparison.rows}
    pairs = [
        ModelDifference(cards[one.first], cards[one.second], one, comparison.examples, comparison.dataset, right)
        for one in comparison.pairs
    ]
    return Report(models, comparison.dataset, comparison.examples, pairs, comparison)


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
