"""What the process of a run trains: the task that a request comes to."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from rabisco import intake, uploads
from rabisco.data.dataset import Dataset, Split, stratified_cut
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.recipes import Recipe, RecipeTask, Task, load_material, with_supplements
from rabisco.retraining import RetrainingTask
from rabisco.runs.label_errors import key_of
from rabisco.runs.request import RunRequest
from rabisco.runs.resolving import check, in_fast_epochs, limit_of
from rabisco.settings import get_settings


def task_of(request: RunRequest, run_id: str, folder: Path, until: datetime) -> Task:
    """Return what a run is to train; of corrections only those given by ``until``.

    What does not fit into memory goes into ``folder``.

    Raises:
        RabiscoError: It cannot be trained; which class says why.
    """
    recipe = check(request)
    load = partial(load_data, request=request, folder=folder)
    if not request.corrections:
        return RecipeTask(recipe, load, request.base, request.use, run_id)
    return RetrainingTask(
        request.artifact,
        lambda: load(recipe)[1],
        request.version,
        until,
        fine_tuning=recipe.configuration,
        run=run_id,
    )


def load_data(recipe: Recipe, *, request: RunRequest, folder: Path) -> tuple[Recipe, Dataset]:
    """Return the recipe of a request and its data, as they are trained; see ``task_of``."""
    if request.data.upload is None:
        recipe, dataset = load_material(recipe, limit_of(request))
    else:
        dataset = with_supplements(recipe, _load_upload(request, recipe, folder))
    if request.leave_out:
        dataset = without(dataset, request.leave_out)
    if request.preset == "fast" and request.epochs is None:
        recipe = in_fast_epochs(recipe, len(dataset.train))
    return recipe, dataset


def without(dataset: Dataset, keys: Collection[str]) -> Dataset:
    """Return a data set without the training and validation images that have these keys.

    Raises:
        InvalidConfigurationError: It holds none of them.
    """
    left_out = frozenset(keys)

    def keep(split: Split) -> Split:
        rows = [place for place, image in enumerate(split.images) if key_of(image) not in left_out]
        return split[rows]

    train, validation = keep(dataset.train), keep(dataset.validation)
    if len(train) + len(validation) == len(dataset.train) + len(dataset.validation):
        raise InvalidConfigurationError(
            N_("images to leave out are named as /label-errors names them. Received: keys that no image of these has")
        )
    return replace(dataset, train=train, validation=validation)


def _load_upload(request: RunRequest, recipe: Recipe, folder: Path) -> Dataset:
    source = request.data
    uploads.bring(str(source.upload))
    train, test = uploads.files_of(get_settings().home / str(source.upload))
    if not train.exists():
        raise InvalidConfigurationError(
            N_(
                "the files that a run is trained on must still be there. Received: an upload that was deleted; upload "
                "them again and train anew"
            )
        )
    if source.dialect is not None:
        dialect = intake.Dialect.from_dict(source.dialect)
        test_dialect = intake.Dialect.from_dict(source.test_dialect) if source.test_dialect else None
    else:
        found = intake.inspect(train, test, intake.Choices.from_dict(source.choices or {}))
        dialect, test_dialect = found.dialect, found.test_dialect
    dataset = intake.load(
        train,
        replace(dialect, normalizer=recipe.normalizer),
        test,
        test_dialect and replace(test_dialect, normalizer=recipe.normalizer),
        name=source.words,
        seed=recipe.configuration.seed,
        folder=folder,
    )
    limit = limit_of(request)
    if limit is not None and limit < len(dataset.train):
        share = limit / len(dataset.train)
        _, rows = stratified_cut(dataset.train.labels, share, recipe.configuration.seed, dataset.class_names)
        dataset = replace(dataset, train=dataset.train[rows])
    return dataset
