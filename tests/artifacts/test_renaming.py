"""The classes of a model of one's own get other names: a version, which everything about the model follows."""

import pytest
from tests.versions import add_version
from tests.web.serving import draw_seven, encoded

from rabisco import artifacts, corrections, data, store
from rabisco.corrections import CorrectedReading
from rabisco.errors import InvalidConfigurationError, UnusableDataError
from rabisco.evaluation import DatasetReader
from rabisco.images import decode
from rabisco.inference import get_predictor
from rabisco.retraining.correction_set import gather

SEVEN = decode(encoded(draw_seven()))


def test_the_next_answer_has_the_new_name_and_going_back_the_old() -> None:
    add_version("mine", like="mnist-tiny")
    assert get_predictor("mine").predict(SEVEN).best.category == "7"
    renamed = artifacts.rename_classes("mine", {"7": "sete"})
    assert renamed.version == 2
    assert get_predictor("mine").predict(SEVEN).best.category == "sete"
    assert artifacts.load_artifact("mine").card.said[-1].values == {"names": "7 = sete"}
    artifacts.rollback("mine")
    assert get_predictor("mine").predict(SEVEN).best.category == "7"


def test_all_are_named_at_once_and_again() -> None:
    add_version("mine")
    artifacts.rename_classes("mine", list("ABCDEFGHIJ"))
    card = artifacts.rename_classes("mine", {"A": "Alfa"}).card
    assert card.class_names == ("Alfa", *"BCDEFGHIJ")
    assert card.original_class_names == tuple("0123456789")


def test_it_is_judged_on_its_own_data_as_before() -> None:
    add_version("mine")
    digits = data.load("digits")
    before = DatasetReader(get_predictor("mine"), digits.class_names).logits(digits.test.images)
    artifacts.rename_classes("mine", list("ABCDEFGHIJ"))
    reader = DatasetReader(get_predictor("mine"), digits.class_names)
    assert reader.class_names == digits.class_names
    assert (reader.logits(digits.test.images) == before).all()


def test_earlier_corrections_count_under_the_new_name() -> None:
    add_version("mine")
    corrections.add(SEVEN, [CorrectedReading("mine", 1, "1", 0.6)], true_label="7", person="me")
    artifacts.rename_classes("mine", {"7": "sete"})
    found = gather("mine")
    assert [one.true_label for one in found.given] == ["sete"]
    assert found.learned.labels.tolist() == [7]
    with store.reading() as session:
        assert session.query(store.Picture).one().true_label == "7"


def test_what_it_was_taught_gets_the_new_name_too() -> None:
    from rabisco import teaching

    add_version("mine", like="mnist-tiny")
    teaching.teach("mine", teaching.prepare_for("mine", SEVEN), "key", "3", None)
    artifacts.rename_classes("mine", {"3": "três"})
    assert get_predictor("mine").predict(SEVEN).best.category == "três"
    assert artifacts.load_artifact("mine").card.taught == 1


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("mnist-cnn", {"7": "sete"}, "which came with it"),
        ("mine", {"x": "y"}, "no class called x"),
        ("mine", {"7": "1"}, "a name of its own. Received: 1 for two of them"),
    ],
)
def test_what_cannot_be_renamed_is_refused(name: str, given: dict[str, str], said: str) -> None:
    add_version("mine")
    with pytest.raises(InvalidConfigurationError, match=said):
        artifacts.rename_classes(name, given)


def test_too_few_names_are_refused() -> None:
    add_version("mine")
    with pytest.raises(UnusableDataError, match="each of the 10 classes"):
        artifacts.rename_classes("mine", ["A", "B"])
