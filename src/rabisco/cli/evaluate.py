"""``rabisco evaluate`` and ``rabisco compare``: how good a model is, and which of several is better."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rabisco.cli.data import say_understood
from rabisco.cli.output import example, json_option, print_json, wide_console
from rabisco.errors import InvalidConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabisco.artifacts import Artifact, Card
    from rabisco.data.dataset import Dataset, Split
    from rabisco.evaluation import Comparison, DatasetReader, Evaluation
    from rabisco.web.models.report import Report

LANGUAGES = ("en", "pt", "es", "fr", "ru")
FORMS = ("html", "json", "csv", "svg", "png")

report_option = click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a report into this file: .html (one page that needs no server), .json, .csv, .svg or .png.",
)
form_option = click.option("--form", type=click.Choice(FORMS), help="Of the report; its suffix if not given.")
language_option = click.option(
    "--language", type=click.Choice(LANGUAGES), help="Of the report; that of the terminal if not given."
)
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
@example(
    "rabisco evaluate mnist-cnn",
    "rabisco evaluate mnist-linear --split validation --json",
    "rabisco evaluate emnist-cnn --plots pictures",
    "rabisco evaluate mnist-cnn --report report.html",
    "rabisco evaluate mnist-cnn@0 --dataset my-test.csv",
)
def evaluate(
    *,
    name: str,
    dataset_name: str | None,
    split: str,
    plots: Path | None,
    report: Path | None,
    as_json: bool,
    **form_and_language: str | None,
) -> None:
    """Judge the saved MODEL: accuracy with its interval, ROC AUC, calibration, each class, confusions."""

    from rabisco import evaluation
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

        reported = Reported.of_evaluation(artifact, result, logits, images)
        write_report(Report([reported], f"{dataset.name}, {split}", len(images)), report, **form_and_language)
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
@example(
    "rabisco compare mnist-cnn mnist-linear",
    "rabisco compare mnist-cnn mnist-linear --split validation --json",
    "rabisco compare mnist-cnn mnist-linear --report report.html --language pt",
    "rabisco compare mnist-cnn@0 mnist-tiny@0 --dataset my-test.csv",
)
def compare(
    *,
    names: tuple[str, ...],
    dataset_name: str | None,
    split: str,
    save: Path | None,
    report: Path | None,
    as_json: bool,
    **form_and_language: str | None,
) -> None:
    """Compare saved MODELs in training time, accuracy and inference time, on the same images in the same run.

    A MODEL is a name, a version of one (mnist-cnn@2), or the id of a training.

    The table is also saved, as comparison.json in RABISCO_HOME unless --save names another file.
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
        write_report(_report(artifacts, readers, images, comparison, read), report, **form_and_language)
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
    from rabisco.web.models.compared import ModelDifference
    from rabisco.web.models.report import Report, Reported

    models = []
    for artifact, reader, row in zip(artifacts, readers, comparison.rows, strict=True):
        logits = read[artifact.name]
        result = evaluate_logits(images.labels, logits, reader.class_names, artifact.card.temperature)
        models.append(Reported.of_evaluation(artifact, result, logits, images, row))
    cards = {artifact.name: artifact.card for artifact in artifacts}
    pairs = [ModelDifference(cards[one.first], cards[one.second], one, comparison) for one in comparison.pairs]
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


def artifact_of(word: str) -> "Artifact":
    """Return the model that a word names: a name, a version as ``mnist-cnn@2``, or the id of a run that made one."""
    from rabisco import runs
    from rabisco.artifacts import exists, load_artifact
    from rabisco.errors import RabiscoError
    from rabisco.inference import named

    if not exists(named(word)):
        try:
            run = runs.get(word)
        except RabiscoError:
            return load_artifact(named(word))
        if run.artifact_version is not None:
            return load_artifact(f"{run.artifact}@{run.artifact_version}")
    return load_artifact(named(word))


def images_for(asked: str | None, card: "Card") -> "Dataset":
    """Return what models are judged on: a data set of the catalog, the card's if none is asked for, or one's own.

    All of one's own file or folder is read, its pictures prepared as the card wants them.
    """
    from rabisco import data, intake
    from rabisco.images.normalize import DESKEWED

    path = Path(asked) if asked else None
    if path is None or asked in data.dataset_names() or not path.exists():
        return data.load(asked or card.dataset.name, seed=card.dataset.split_seed)
    normalizer = DESKEWED.get(card.normalizer, card.normalizer)
    found = intake.inspect(path, None, intake.Choices(normalizer=normalizer))
    say_understood(found)
    return intake.load(path, found.dialect, path, found.dialect, name=path.name)


def write_report(report: "Report", path: Path, form: str | None, language: str | None) -> None:
    """Write a report into a file, in the form that its suffix names and in a language.

    Raises:
        InvalidConfigurationError: No form has that suffix.
    """
    form = form or path.suffix.lstrip(".").lower().replace("htm", "html").replace("htmll", "html")
    if form not in FORMS:
        raise InvalidConfigurationError(
            f"a report ends in {', '.join(f'.{one}' for one in FORMS)}. Received: {path.name!r}; "
            "choose one of them, or say --form"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "png":
        from rabisco.evaluation.plots import plot_report

        shown = [(one.card.name, one.confusions) for one in report.models if one.confusions]
        matrices = [(name, found.names, found.counts) for name, found in shown]
        names = [card.name for card in report.cards]
        accuracies = [one for one in zip(names, report.accuracies, strict=True) if one[1]]
        path.write_bytes(plot_report(accuracies, matrices, report.dataset))  # type: ignore[arg-type]
    else:
        path.write_text(_in_language(report, form, language or _of_terminal()), encoding="utf-8")
    click.echo(f"Report: {path}", err=True)


def _in_language(report: "Report", form: str, language: str) -> str:
    from rabisco.web import create_app
    from rabisco.web.models.report import render

    with create_app().test_request_context(headers={"Accept-Language": language}):
        return render(report, form)  # type: ignore[arg-type]


def _of_terminal() -> str:
    import os

    told = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "en")
    return told[:2].lower() if told[:2].lower() in LANGUAGES else "en"
