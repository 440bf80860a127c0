"""The rule of refusal, applied: in the predictor, by the command, with cards that have none."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from scipy.special import softmax
from tests.images.pictures import draw

from rabisco.artifacts import BUNDLED_DIR, Card, load_artifact, save_again, write_card
from rabisco.artifacts.loading import read_card
from rabisco.cli import rabisco
from rabisco.errors import InvalidArtifactError
from rabisco.inference import Predictor, get_predictor
from rabisco.rejection import FEATURES, MESSAGES, REASONS, TRAITS, RejectionRule, picture_features
from rabisco.rejection.rule import PLACES, PRODUCTS

WIDTH = len(FEATURES)


def a_rule(threshold: float = 0.0) -> RejectionRule:
    random = np.random.default_rng(0)
    linear = random.normal(0, 0.3, (WIDTH, 1 + len(REASONS)))
    products = random.normal(0, 0.03, (len(PRODUCTS[0]), 1 + len(REASONS)))
    near = random.normal(0, 0.05, (WIDTH * len(PLACES), 1 + len(REASONS)))
    return RejectionRule(
        features=FEATURES,
        means=tuple(random.normal(0, 1, WIDTH)),
        scales=tuple(random.uniform(0.5, 2, WIDTH)),
        weights=tuple(tuple(row) for row in np.concatenate([linear, products, near])),
        biases=(2.0, 0.0, 0.1, 0.2, 0.3),
        threshold=threshold,
        fitted_on={},
    )


def test_a_rule_is_logistic_regression_over_bent_features_and_their_products() -> None:
    rule = a_rule()
    features = np.random.default_rng(1).normal(0, 3, (200, WIDTH))
    standard = (features - rule.means) / rule.scales
    bent = np.tanh(standard)
    pairs = itertools.combinations_with_replacement(range(WIDTH), 2)
    products = np.stack([bent[:, one] * bent[:, other] for one, other in pairs], axis=1)
    near = np.hstack([2 * np.interp(standard, place + np.array([-0.25, 0, 0.25]), [0, 1, 0]) for place in PLACES])
    probabilities = softmax(np.hstack([bent, products, near]) @ np.array(rule.weights) + rule.biases, axis=1)
    others = probabilities[:, 1:].sum(axis=1)
    np.testing.assert_allclose(rule.log_odds(features), np.log(others / probabilities[:, 0]), rtol=1e-6)
    expected = [
        REASONS[row[1:].argmax()] if other > row[0] else None for row, other in zip(probabilities, others, strict=True)
    ]
    assert set(expected) > {None}
    judged = rule.judge(features)
    assert [reason for reason, _ in judged] == expected
    assert [doubt for _, doubt in judged] == pytest.approx(others, abs=1e-6)


def test_a_higher_threshold_refuses_less() -> None:
    assert a_rule().judge(np.empty((0, WIDTH))) == []
    features = np.random.default_rng(1).normal(0, 3, (200, WIDTH))
    judged = [a_rule(threshold).judge(features) for threshold in (-2, 0, 2)]
    refused = [sum(reason is not None for reason, _ in verdicts) for verdicts in judged]
    assert refused == sorted(refused, reverse=True)
    assert refused[0] > refused[2]


def test_a_changed_copy_of_a_rule_judges_by_what_was_changed() -> None:
    rule, features = a_rule(), np.zeros((1, WIDTH))
    before = rule.log_odds(features)
    changed = rule.model_copy(update={"biases": (0.0, 0.0, 0.1, 0.2, 0.3)})
    assert changed.log_odds(features) == pytest.approx(before + 2)


def test_what_lies_far_outside_counts_no_more_than_what_lies_outside() -> None:
    rule = a_rule()
    outside, far = (np.array(rule.means) + np.array(rule.scales) * times for times in (20.0, 2000.0))
    assert rule.log_odds(far[np.newaxis]) == pytest.approx(rule.log_odds(outside[np.newaxis]))


def test_a_rule_survives_the_card_of_today_and_of_earlier_releases(tmp_path: Path) -> None:
    card = load_artifact("mnist-cnn").card.model_copy(update={"refusal": a_rule(), "files": {}})
    (tmp_path / "card.json").write_text(card.model_dump_json(), encoding="utf-8")  # as earlier releases did
    earlier = read_card("mnist-cnn", tmp_path)
    for name in ("pesos.h5", "model.onnx"):
        (tmp_path / name).write_bytes(b"")
    write_card(tmp_path, earlier)
    assert "refusal" not in json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    again = read_card("mnist-cnn", tmp_path)
    assert again.files.keys() == {"pesos.h5", "model.onnx", "rejection.json"}
    features = np.zeros((1, WIDTH))
    assert again.refusal == earlier.refusal == card.refusal
    assert again.refusal.log_odds(features) == card.refusal.log_odds(features)


def test_energy_margin_and_doubt_are_those_of_the_scaled_logits() -> None:
    logits = np.array([[6.0, 2.0, -2.0]])
    values = dict(zip(FEATURES, picture_features(np.zeros((1, len(TRAITS))), logits, 2.0)[0], strict=True))
    probabilities = softmax([3.0, 1.0, -1.0])
    assert values["max_logit"] == 3
    assert values["energy"] == pytest.approx(np.log(np.exp([3.0, 1.0, -1.0]).sum()))
    assert values["margin"] == pytest.approx(np.log1p(2))
    assert values["doubt"] == pytest.approx(np.log(1 - probabilities[0] + 1e-4))
    assert values["entropy"] == pytest.approx(np.log(1e-3 - (probabilities * np.log(probabilities)).sum()))


def test_a_damaged_rule_is_no_artifact(home: Path) -> None:
    artifact = save_again(load_artifact("mnist-linear"), load_artifact("mnist-linear").card)
    path = artifact.folder / "rejection.json"
    path.write_text(path.read_text(encoding="utf-8").replace("1", "2", 1), encoding="utf-8")
    with pytest.raises(InvalidArtifactError, match=r"rejection\.json"):
        load_artifact("mnist-linear")
    path.unlink()
    with pytest.raises(InvalidArtifactError):
        load_artifact("mnist-linear")


def test_cards_of_bundled_models_are_small_enough_to_read() -> None:
    for card in BUNDLED_DIR.glob("mnist-*/card.json"):
        assert card.stat().st_size < 13_000


def test_a_card_without_a_rule_refuses_blank_pictures_only() -> None:
    text = json.loads((BUNDLED_DIR / "mnist-cnn" / "card.json").read_text(encoding="utf-8"))
    text.pop("refusal", None)
    artifact = load_artifact("mnist-cnn")
    predictor = Predictor(type(artifact)(Card.model_validate(text), artifact.folder))
    grid = draw(strokes=tuple(((0, place), (1, place)) for place in np.linspace(0, 1, 7)), width=8)
    assert predictor.predict(grid).refused is None
    assert predictor.predict(grid).doubt is None
    blank = predictor.predict(np.full((90, 90, 3), 255, np.uint8))
    assert (blank.refused, blank.doubt) == ("blank", 1.0)


def test_a_rule_for_other_features_is_not_applied() -> None:
    artifact = load_artifact("mnist-cnn")
    rule = a_rule(-100.0)
    other_features, squares_alone = {"features": FEATURES[1:]}, {"weights": rule.weights[: 2 * WIDTH]}
    for change, refused in (({}, True), (other_features, False), (squares_alone, False)):
        card = artifact.card.model_copy(update={"refusal": rule.model_copy(update=change)})
        assert (Predictor(type(artifact)(card, artifact.folder)).predict(draw()).refused is not None) is refused


def test_the_best_guess_is_still_answered() -> None:
    answer = get_predictor("mnist-cnn").predict(np.full((90, 90, 3), 255, np.uint8)).to_dict()
    assert answer["refused"] == {"reason": "blank", "message": MESSAGES["blank"]}
    assert len(answer["top_k"]) == 3


def test_the_command_says_why_it_refuses(tmp_path) -> None:
    Image.new("RGB", (90, 90), "white").save(tmp_path / "blank.png")
    Image.fromarray(draw()).save(tmp_path / "seven.png")
    files = [str(tmp_path / "blank.png"), str(tmp_path / "seven.png")]
    result = CliRunner().invoke(rabisco, ["predict", *files])
    assert result.exit_code == 0, result.output
    blank, seven = result.output.splitlines()
    assert blank.endswith("refused (blank). Nothing is drawn in this picture.")
    assert "seven.png: 7 " in seven
    rows = json.loads(CliRunner().invoke(rabisco, ["predict", *files, "--json"]).output)
    assert [row["refused"] and row["refused"]["reason"] for row in rows] == ["blank", None]


def test_a_scene_without_any_ground_is_not_said_to_be_empty() -> None:
    random = np.random.default_rng(0)
    scene = np.repeat(np.repeat(random.integers(0, 256, (5, 5, 3), np.uint8), 56, axis=0), 56, axis=1)
    prediction = get_predictor("mnist-cnn").predict(scene)
    assert prediction.prepared.blank
    assert (prediction.refused, prediction.doubt) == ("not-a-character", 1.0)
