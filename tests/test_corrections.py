"""What readers say of predictions: stored small, and theirs to list, export and delete."""

import csv
import io
import itertools
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.images.pictures import draw

from rabisco import corrections, store
from rabisco.corrections import CorrectedReading
from rabisco.errors import CorrectionNotFoundError, InvalidRequestError, ModelNotFoundError, TooLargeError
from rabisco.store import Correction

ANA, BEN = "ana", "ben"
NUMBERS = itertools.count()
READING = CorrectedReading("mnist-cnn", 0, "1", 0.6)
OTHER = CorrectedReading("mnist-linear", 0, "7", 0.6)


def another_picture() -> np.ndarray:
    picture = draw()
    picture[0, next(NUMBERS)] = 0
    return picture


def add(person: str = ANA, true_label: str | None = "7", **changes: object) -> Correction:
    (stored,) = corrections.add(another_picture(), [replace(READING, **changes)], true_label=true_label, person=person)
    return stored


def add_both(person: str = ANA) -> list[Correction]:
    return corrections.add(another_picture(), [READING, OTHER], true_label="7", person=person)


def test_a_correction_is_stored_with_its_picture_model_version_and_time() -> None:
    (stored,) = corrections.add(draw(), [READING], true_label="7", person=ANA)
    (found,) = corrections.listed(ANA).corrections
    assert (found.id, found.model, found.artifact_version, found.predicted) == (stored.id, "mnist-cnn", 0, "1")
    assert (found.true_label, found.picture.consent) == ("7", True)
    assert found.picture.created.tzinfo is not None
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(found.picture.image))), draw())


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
    assert (none.true_label, none.is_right) == (None, False)
    assert right.is_right
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
    first, second = add_both(), add_both()
    add(BEN)
    page = corrections.listed(ANA)
    assert (page.total, page.total_pictures) == (4, 2)
    assert [[one.model for one in picture] for picture in page.pictures] == [["mnist-cnn", "mnist-linear"]] * 2
    assert [picture[0].id for picture in page.pictures] == [second[0].id, first[0].id]
    wrong = corrections.listed(ANA, wrong_only=True)
    assert (wrong.total, wrong.total_pictures) == (2, 2)
    assert {one.model for one in wrong.corrections} == {"mnist-cnn"}
    assert corrections.listed().total_pictures == 3


def test_a_picture_is_deleted_with_all_that_was_said_of_it() -> None:
    first, _ = add_both()
    kept, others = add(), add(BEN)
    with pytest.raises(CorrectionNotFoundError):
        corrections.delete_picture(first.id, BEN)
    assert corrections.delete_picture(first.id, ANA) == 2
    assert {one.id for one in corrections.listed().corrections} == {kept.id, others.id}
    with store.reading() as session:
        assert session.query(store.Picture).count() == 2


def test_what_is_said_again_of_a_picture_replaces_what_it_is() -> None:
    (first,) = corrections.add(draw(), [READING], true_label="7", person=ANA)
    again, other = corrections.add(draw(), [READING, OTHER], true_label="2", person=ANA)
    corrections.add(draw(), [READING], true_label="7", person=BEN)
    assert (again.id, other.picture_id, again.true_label) == (first.id, first.picture_id, "2")
    (picture,) = corrections.listed(ANA).pictures
    assert [(one.id, one.true_label) for one in picture] == [(first.id, "2"), (other.id, "2")]
    assert corrections.listed(BEN).corrections[0].true_label == "7"


def test_of_two_readings_of_which_one_makes_no_sense_none_is_stored() -> None:
    with pytest.raises(InvalidRequestError):
        corrections.add(draw(), [READING, replace(OTHER, predicted="A")], true_label="7", person=ANA)
    assert corrections.listed().total == 0


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
        assert archive.read(f"images/{first.id}.png") == first.picture.image
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
    assert corrections.pictures([mine.id, gone.id, others.id], ANA) == {mine.id: mine.picture.image}


def test_corrections_are_counted_for_each_model() -> None:
    add()
    add(true_label=None)
    add(BEN, model="mnist-linear")
    assert corrections.counts() == {"mnist-cnn": corrections.Count(1, 1), "mnist-linear": corrections.Count(1, 0)}
