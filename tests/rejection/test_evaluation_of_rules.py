"""Fitting the rule of refusal and measuring it, on scikit-learn's digits and drawings by code."""

import numpy as np
import pytest
from benchmarks.rejection import held_out, rejection_rate
from sklearn.linear_model import LogisticRegression
from tests.drawing import digit_dataset

from rabisco.errors import InvalidDataError
from rabisco.evaluation.statistics import wilson_interval
from rabisco.rejection import FEATURES, REASONS, RejectionRule, cache, pictures
from rabisco.rejection.fitting import WRONGLY_REFUSED, fit_from_catalog, fit_rule
from rabisco.rejection.negatives import KINDS, draw_kind
from rabisco.rejection.pictures import Described, describe_pictures, draw_characters, draw_photographs, fit_pictures

pytestmark = pytest.mark.slow


class PixelReader:
    """A linear model of the small digits."""

    def __init__(self) -> None:
        train = digit_dataset().train
        self.model = LogisticRegression(C=0.01).fit(train.images.reshape(len(train), -1) / 255, train.labels)

    def logits(self, images: np.ndarray) -> np.ndarray:
        return self.model.decision_function(images.reshape(len(images), -1) / 255).astype(np.float32)


Examples = tuple[dict[str, Described], dict[str, Described]]


@pytest.fixture(scope="module")
def reader() -> PixelReader:
    return PixelReader()


@pytest.fixture(scope="module")
def material(reader: PixelReader) -> Examples:
    """Described once for all tests: drawing is what takes the time."""
    return fit_pictures(reader, "mnist@1", 1.0, digit_dataset().validation.images)


@pytest.fixture(scope="module")
def rule(material: Examples) -> RejectionRule:
    return fit_rule(*material)


def test_drawings_by_code_are_refused_and_characters_of_another_split_are_not(
    reader: PixelReader, rule: RejectionRule
) -> None:
    test = digit_dataset().test.images
    characters = describe_pictures(reader, "mnist@1", 1.0, draw_characters(test, 100, 5))
    others = {kind.name: describe_pictures(reader, "mnist@1", 1.0, draw_kind(kind, 2, test, 5)) for kind in KINDS}
    assert characters.refused(rule).mean() < 0.05
    refused = np.concatenate([one.refused(rule) for one in others.values()])
    assert refused.mean() > 0.7
    given = {reason for one in others.values() for reason, _ in rule.judge(one.features[~one.blank])}
    assert given == {None, *REASONS} - {"blank"}
    assert any(one.blank.any() for one in others.values())


def test_the_threshold_is_that_of_characters_a_rule_was_not_fitted_on(material: Examples, rule: RejectionRule) -> None:
    characters = material[0]["characters"]
    odds = rule.log_odds(characters.features[~characters.blank])
    assert rule.threshold > np.quantile(odds, 1 - WRONGLY_REFUSED)  # of those it knows it is surer
    assert rule.features == FEATURES
    assert rule.fitted_on["zigzag"] == len(material[1]["zigzag"].blank)


def test_a_rule_is_the_same_for_the_same_seed(reader: PixelReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "load", lambda _: None)  # each is drawn
    monkeypatch.setattr(pictures, "FEWEST_OF_KIND", 2)
    few = digit_dataset().validation.images[:20]
    rules = [fit_rule(*fit_pictures(reader, "mnist@1", 1.0, few, most=30, seed=seed)) for seed in (3, 3, 4)]
    assert rules[0] == rules[1] != rules[2]


def test_each_kind_is_left_out_once(material: Examples) -> None:
    few = {name: material[1][name] for name in ("zigzag", "house")}
    rules = held_out(material[0], few)
    assert {name: set(few) & set(rule.fitted_on) for name, rule in rules.items()} == {
        "zigzag": {"house"},
        "house": {"zigzag"},
    }


def test_rates_carry_wilsons_interval(material: Examples, rule: RejectionRule) -> None:
    others = material[1]["tangle"]
    rate = rejection_rate(rule, others)
    refused = int(others.refused(rule).sum())
    assert rate["rate"] == refused / len(others.blank)
    assert rate["interval"] == wilson_interval(refused, len(others.blank))


def test_blank_pictures_are_refused_whatever_the_rule_says(reader: PixelReader, rule: RejectionRule) -> None:
    lax = rule.model_copy(update={"threshold": 1e6})
    blank = describe_pictures(reader, "mnist@1", 1.0, [np.full((50, 50, 3), 255, np.uint8)])
    assert blank.blank.all()
    assert blank.refused(lax).all()


def test_every_kind_is_a_picture_in_colors_and_the_same_for_the_same_seed() -> None:
    images = digit_dataset().validation.images
    for kind in KINDS:
        (one,), (again,), (other,) = (draw_kind(kind, 1, images, seed) for seed in (0, 0, 1))
        assert one.dtype == np.uint8
        assert one.ndim == 3
        assert one.shape[2] == 3
        np.testing.assert_array_equal(one, again)
        assert one.shape != other.shape or (one != other).any(), kind.name


def test_photographs_come_as_they_are_and_enlarged() -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    drawn = list(draw_photographs(images, 40, 0))
    assert {len(picture) for picture in drawn} == {32, 96, 280}
    assert {picture.shape[2] for picture in drawn} == {3}


def test_too_few_characters_and_models_of_photos_have_no_rule(reader: PixelReader) -> None:
    images = digit_dataset().validation.images
    with pytest.raises(InvalidDataError, match="models of characters"):
        describe_pictures(reader, "photo32@1", 1.0, [np.zeros((32, 32, 3), np.uint8)])
    none = [
        fit_from_catalog(reader, normalizer, 1.0, images[:count], dataset=dataset, class_names=("0", "1"))
        for normalizer, count, dataset in (
            ("photo32@1", 50, "cifar-10"),
            ("mnist@1", 50, "fashion-mnist"),
            ("mnist@1", 19, "digits"),
        )
    ]
    assert none == [None] * 3
