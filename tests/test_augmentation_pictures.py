"""The pictures of the training form show what training does today."""

import numpy as np
import pytest
from PIL import Image
from tests.augmentation_pictures import STRENGTHS, draw, path_of

from rabisco.web.train.form import AUGMENTATIONS


@pytest.mark.training
@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_pictures_are_those_that_the_layer_makes(strength: str) -> None:
    kept = np.asarray(Image.open(path_of(strength)), np.int16)
    made = draw(strength).astype(np.int16)
    assert kept.shape == made.shape
    assert np.abs(kept - made).mean() < 0.5  # levels of 255: another processor may round otherwise


def test_every_strength_of_the_form_that_changes_images_has_its_picture() -> None:
    assert set(AUGMENTATIONS) - {"", "0"} == set(STRENGTHS)
    assert all(path_of(strength).is_file() for strength in STRENGTHS)
