"""What the commands that judge models share: which models, on which images, and a report of what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rabisco.errors import InvalidConfigurationError

if TYPE_CHECKING:
    from rabisco.artifacts import Artifact, Card
    from rabisco.data.dataset import Dataset
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
    """Return what models are judged on: a data set of the catalog, or all of a file or folder of one's own.

    Args:
        asked: Its name or where it lies; the card's own if nothing.
        card: Of the first model; pictures of one's own are prepared as it wants them.
    """
    from rabisco import data, intake
    from rabisco.images.normalize import DESKEWED

    path = Path(asked) if asked else None
    if path is None or asked in data.dataset_names() or not path.exists():
        return data.load(asked or card.dataset.name, seed=card.dataset.split_seed)
    normalizer = DESKEWED.get(card.normalizer, card.normalizer)
    found = intake.inspect(path, None, intake.Choices(normalizer=normalizer))
    if found.understood is not None:
        click.echo(found.understood.text, err=True)
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
