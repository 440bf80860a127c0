"""Ordering a run that retrains a model on corrections, and finding what such a run came to."""

from contextlib import suppress

from sqlalchemy import select

from rabisco import artifacts, corrections, data, store
from rabisco.artifacts import Card
from rabisco.errors import N_, InvalidConfigurationError, RunNotFoundError
from rabisco.recipes import get_recipe, recipe_names
from rabisco.retraining import RetrainingReport, can_refuse, nothing_to_learn
from rabisco.runs.queue import get, submit
from rabisco.runs.records import Run
from rabisco.runs.request import RunRequest, Source
from rabisco.runs.resolving import limit_of


def retrain(model: str, owner: str = "") -> Run:
    """Put a run into the queue that fine-tunes the current version of a model on its corrections; return it at once.

    Raises:
        InvalidConfigurationError: There is no correction to learn from, or what it was trained on is not known here.
        ModelNotFoundError: There is no such model.
        StorageError: It could not be kept.
    """
    artifact = artifacts.load_artifact(model)
    count = corrections.counts().get(model)
    if count is None or not (count.characters or (count.no_characters and can_refuse(artifact.card))):
        raise nothing_to_learn(model)
    source, limit = _origin(artifact.card)
    request = RunRequest(
        data=source,
        artifact=model,
        corrections=True,
        version=artifact.version,
        seed=artifact.card.dataset.split_seed,
        limit=limit,
        use=False,
        owner=owner,
    )
    return submit(request)


def report_of(run_id: str) -> RetrainingReport | None:
    """Return what a run came to that retrained; ``None`` if it has not said so, or is another run."""
    wanted = store.RunEventRow.run_id == run_id, store.RunEventRow.kind == "report"
    newest = select(store.RunEventRow.payload).where(*wanted).order_by(store.RunEventRow.number.desc()).limit(1)
    with store.reading() as session:
        payload = session.scalar(newest)
    return None if payload is None else RetrainingReport.from_dict(payload)


def _origin(card: Card) -> tuple[Source, int | None]:
    """Return what a version was trained on first, and how many images of it at most."""
    if card.run:
        with suppress(RunNotFoundError):
            request = RunRequest.parse(get(card.run).request)
            return request.data, limit_of(request)
    if card.name in recipe_names() and get_recipe(card.name).dataset == card.dataset.name:
        return Source(recipe=card.name), None
    if card.dataset.name in data.dataset_names():
        return Source(catalog=card.dataset.name), None
    raise InvalidConfigurationError(
        N_(
            "a model learns from corrections beside the images that it was trained on. Received: %(name)s, whose "
            "images are not known here any more; train it again"
        ),
        name=repr(card.name),
    )
