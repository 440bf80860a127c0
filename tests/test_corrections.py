"""What readers say of predictions: stored small, and theirs to list, export and delete."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image
from tests.images.pictures import draw

from rabisco import corrections
from rabisco.errors import CorrectionNotFoundError, InvalidRequestError, ModelNotFoundError, TooLargeError
from rabisco.store import Correction, now

ANA, BEN = "ana", "ben"


def add(person: str = ANA, true_label: str | None = "7", **changes: object) -> Correction:
    given = {"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6, **changes}
    return corrections.add(draw(), true_label=true_label, person=person, **given)


def test_a_correction_is_stored_with_its_picture_model_version_and_time() -> None:
    stored = add()
    (found,) = corrections.listed(ANA).corrections
    assert (found.id, found.model, found.artifact_version, found.predicted) == (stored.id, "mnist-cnn", 0, "1")
    assert (found.true_label, found.consent) == ("7", True)
    assert found.created.tzinfo is not None
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(found.image))), draw())


def test_a_large_picture_is_stored_no_larger_than_models_need() -> None:
    content = corrections.encode(np.zeros((3000, 1000, 3), np.uint8))
    assert Image.open(io.BytesIO(content)).size == (213, 640)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"true_label": "AB"}, InvalidRequestError),
        ({"predicted": "<script>"}, InvalidRequestError),
        ({"probability": 1.5}, InvalidRequestError),
        ({"probability": float("nan")}, InvalidRequestError),
        ({"model": "nobody"}, ModelNotFoundError),
        ({"model": "../mnist-cnn"}, ModelNotFoundError),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(changes: dict[str, object], error: type) -> None:
    with pytest.raises(error):
        add(**changes)
    assert corrections.listed().total == 0


def test_a_picture_may_be_no_character_and_a_reading_may_be_right() -> None:
    add(true_label=None)
    add(true_label="1")
    right, none = corrections.listed(ANA).corrections
    assert (none.true_label, corrections.is_right(none)) == (None, False)
    assert corrections.is_right(right)
    assert corrections.listed(ANA, wrong_only=True).corrections[0].id == none.id


def test_one_person_neither_sees_nor_deletes_anothers() -> None:
    stored = add(ANA)
    assert corrections.listed(BEN).total == 0
    with pytest.raises(CorrectionNotFoundError):
        corrections.delete(stored.id, BEN)
    assert corrections.delete_all(BEN) == 0
    corrections.delete(stored.id, ANA)
    with pytest.raises(CorrectionNotFoundError):
        corrections.delete(stored.id, ANA)
    assert corrections.listed().total == 0


def test_long_lists_come_in_pages_newest_first() -> None:
    numbers = [add().id for _ in range(corrections.PAGE_SIZE + 1)]
    first, second, behind = (corrections.listed(ANA, page=page) for page in (1, 2, 99))
    assert [one.id for one in first.corrections] == numbers[:0:-1]
    assert [one.id for one in second.corrections] == numbers[:1]
    assert (second.number, second.pages, second.total) == (2, 2, len(numbers))
    assert behind.number == 2


def test_a_picture_that_several_models_read_is_listed_once() -> None:
    moments = [now() - timedelta(minutes=minutes) for minutes in (2, 1)]
    for moment in moments:
        add(when=moment)
        add(when=moment, model="mnist-linear", predicted="7")
    add(BEN, when=moments[0])
    page = corrections.listed(ANA)
    assert (page.total, page.total_pictures) == (4, 2)
    assert [[one.model for one in picture] for picture in page.pictures] == [["mnist-cnn", "mnist-linear"]] * 2
    assert [picture[0].created for picture in page.pictures] == moments[::-1]
    wrong = corrections.listed(ANA, wrong_only=True)
    assert (wrong.total, wrong.total_pictures) == (2, 2)
    assert {one.model for one in wrong.corrections} == {"mnist-cnn"}
    assert corrections.listed().total_pictures == 3


def test_a_picture_is_deleted_with_all_that_was_said_of_it() -> None:
    moment = now()
    first = add(when=moment)
    add(when=moment, model="mnist-linear")
    kept, others = add(), add(BEN, when=moment)
    with pytest.raises(CorrectionNotFoundError):
        corrections.delete_picture(first.id, BEN)
    assert corrections.delete_picture(first.id, ANA) == 2
    assert {one.id for one in corrections.listed().corrections} == {kept.id, others.id}


def test_nobody_can_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "MOST_EACH", 2)
    add()
    add()
    with pytest.raises(TooLargeError, match="delete some"):
        add()
    add(BEN)


def test_an_export_holds_ones_own_pictures_and_a_table_of_them() -> None:
    first, second = add(), add(true_label=None)
    add(BEN)
    with zipfile.ZipFile(io.BytesIO(corrections.export(ANA))) as archive:
        pictures = {name for name in archive.namelist() if name.startswith("images/")}
        assert pictures == {f"images/{first.id}.png", f"images/{second.id}.png"}
        assert archive.read(f"images/{first.id}.png") == first.image
        rows = list(csv.DictReader(io.StringIO(archive.read("corrections.csv").decode())))
        assert [row["true_label"] for row in rows] == ["7", ""]
        assert [row["true_label"] for row in json.loads(archive.read("corrections.json"))] == ["7", None]


def test_only_corrections_with_consent_of_that_model_are_trained_on() -> None:
    wanted = add()
    add(model="mnist-linear")
    assert [one.id for one in corrections.to_train_on("mnist-cnn")] == [wanted.id]


def test_pictures_are_had_by_whoever_gave_them_as_long_as_they_are_there() -> None:
    mine, gone, others = add(ANA), add(ANA), add(BEN)
    corrections.delete(gone.id, ANA)
    assert corrections.pictures([mine.id, gone.id, others.id], ANA) == {mine.id: mine.image}


def test_corrections_are_counted_for_each_model() -> None:
    add()
    add(true_label=None)
    add(BEN, model="mnist-linear")
    assert corrections.counts() == {"mnist-cnn": corrections.Count(1, 1), "mnist-linear": corrections.Count(1, 0)}
