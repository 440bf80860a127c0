"""``/datasets``: the data sets of the catalog, and images of each class of those that are on this machine."""

from typing import ClassVar

import numpy as np
from flask import render_template
from flask_babel import lazy_gettext
from numpy.typing import NDArray
from pydantic import Field

from rabisco import data
from rabisco.data.catalog import CATALOG
from rabisco.runs import sampling
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import DocumentedBlueprint
from rabisco.web.read.png import data_url
from rabisco.web.train import schemas
from rabisco.web.train.form import trainable

blueprint = DocumentedBlueprint("datasets", __name__)
IN_ROW = 10
PAGES = sampling.PER_CLASS // IN_ROW


class DatasetsPage(Fields):
    """Which data set is shown, and which of its images."""

    requests: ClassVar[Requests] = ({"name": "digits", "page": 1},)

    name: str = ""
    page: int = Field(1, ge=1, le=PAGES)


@blueprint.get(
    "/datasets",
    summary=lazy_gettext(
        "Lists the data sets of the catalog, and which of them are on this machine. With “?name=mnist” the page shows "
        "ten images of each class, with “page=2” ten others."
    ),
    answer=schemas.Datasets,
    page=True,
    receives=DatasetsPage,
    problems=(404, 507),
)
def list_datasets() -> schemas.Datasets | str:
    """List the data sets, or show one with images of each class."""
    asked = given(DatasetsPage)
    entries = [data.get_entry(asked.name)] if asked.name else list(CATALOG.values())
    if not wants_page():
        return schemas.Datasets(datasets=[schemas.DatasetSchema.of(entry) for entry in entries])
    if asked.name:
        return _page(entries[0], asked.page)
    entries.sort(key=lambda entry: not data.is_local(entry.name))
    return render_template("train/datasets.html", entries=entries, is_local=data.is_local)


def _page(entry: data.Entry, page: int) -> str:
    local = data.is_local(entry.name)
    state, found = sampling.samples(entry.name) if local else ("", [])
    return render_template(
        "train/samples.html",
        entry=entry,
        local=local,
        state=state,
        classes=[(one, _strip(one.images[(page - 1) * IN_ROW : page * IN_ROW])) for one in found],
        most=max((one.train or one.test for one in found), default=1),
        page=page,
        pages=PAGES,
        can_train=entry in trainable(),
    )


def _strip(images: NDArray[np.uint8]) -> str:
    """Return images side by side as one picture; an empty text without any."""
    return data_url(np.concatenate(list(images), axis=1)) if len(images) else ""
