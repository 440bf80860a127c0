"""``rabisco models refit``: the rule of refusal fitted again, as a new version with the same weights."""

import pytest
from click.testing import CliRunner

from rabisco import artifacts
from rabisco.artifacts import BUNDLED_DIR
from rabisco.artifacts.loading import sha256
from rabisco.cli import rabisco
from rabisco.errors import InvalidConfigurationError
from rabisco.retraining.rejection_rule import version_with_rule

pytestmark = pytest.mark.slow


def save_without_rule(name: str, dataset: str) -> None:
    """Save the bundled linear model's weights as one that was trained on ``dataset`` and refuses nothing."""
    bundled = artifacts.load_artifact("mnist-linear")
    dataset_card = bundled.card.dataset.model_copy(update={"name": dataset})
    card = bundled.card.model_copy(update={"name": name, "dataset": dataset_card, "refusal": None})
    artifacts.save_again(bundled, card)


def test_a_new_version_has_a_rule_and_the_same_weights_and_can_be_gone_back_from() -> None:
    save_without_rule("mine", "digits")
    result = CliRunner().invoke(rabisco, ["models", "refit", "mine"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Version 2 of mine answers now")
    after = artifacts.load_artifact("mine")
    before = artifacts.load_artifact("mine", 1)
    assert after.version == 2
    assert after.card.refusal is not None
    assert after.card.refusal.fits
    assert after.card.refusal.fitted_on["characters"] > 100
    assert after.onnx_path.read_bytes() == before.onnx_path.read_bytes()
    assert after.card.files.items() - before.card.files.items() == {
        ("rejection.json", sha256(after.folder / "rejection.json"))
    }
    assert after.card.model_copy(update={"refusal": None, "files": before.card.files}) == before.card
    artifacts.rollback("mine")
    assert artifacts.load_artifact("mine").card.refusal is None


def test_a_model_of_clothes_has_no_rule_and_no_new_version() -> None:
    save_without_rule("clothes", "fashion-mnist")
    with pytest.raises(InvalidConfigurationError, match="reads handwriting"):
        version_with_rule("clothes")
    assert len(artifacts.versions("clothes")) == 1


def test_what_comes_with_the_package_stays_as_it_is() -> None:
    card = (BUNDLED_DIR / "mnist-linear" / "card.json").read_bytes()
    save_without_rule("mnist-linear", "digits")
    assert artifacts.load_artifact("mnist-linear").version == 1
    assert (BUNDLED_DIR / "mnist-linear" / "card.json").read_bytes() == card
