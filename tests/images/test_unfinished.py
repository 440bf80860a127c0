"""A JPEG that lacks only its end is read, and says so; one that lacks more is refused."""

import numpy as np
import pytest
from tests.images.pictures import draw, encode

from rabisco.errors import InvalidImageError, Sentence
from rabisco.images import decode

SEVEN = draw()
LARGE = draw((2400, 2400), place=(700, 500), height=1400, width=160)


@pytest.mark.parametrize("lost", [1, 2, 3, 10, 30])
@pytest.mark.parametrize("gray", [False, True])
def test_a_jpeg_without_its_end_is_read_with_a_note(lost: int, gray: bool) -> None:
    notes: list[Sentence] = []
    read = decode(encode(SEVEN[..., 0] if gray else SEVEN, "JPEG", quality=90)[:-lost], notes=notes)
    assert [str(note) for note in notes] == ["the end of the file is missing; what there is of the picture was read"]
    assert np.abs(read.astype(int) - SEVEN).mean() < 2


@pytest.mark.parametrize("picture", [SEVEN, LARGE], ids=["small", "large"])
def test_what_is_missing_has_the_color_of_the_page(picture: np.ndarray) -> None:
    data = encode(picture, "JPEG", quality=90)
    read = decode(data[: int(len(data) * 0.99)])
    assert np.abs(read[-8:].astype(int) - 255).max() < 3


def test_a_progressive_jpeg_lacks_only_its_end_in_its_last_scan() -> None:
    data = encode(SEVEN, "JPEG", quality=90, progressive=True)
    assert np.abs(decode(data[:-2]).astype(int) - SEVEN).mean() < 2
    for share in (0.3, 0.5, 0.7):
        with pytest.raises(InvalidImageError):
            decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("picture", [SEVEN, SEVEN[::10, ::10], LARGE], ids=["small", "tiny", "large"])
def test_a_jpeg_that_lacks_more_is_refused(picture: np.ndarray, share: float) -> None:
    data = encode(np.ascontiguousarray(picture), "JPEG", quality=90)
    scan = data.rindex(b"\xff\xda") + 14
    with pytest.raises(InvalidImageError):
        decode(data[: scan + int((len(data) - scan) * share)])


def test_a_whole_picture_has_no_note() -> None:
    notes: list[Sentence] = []
    decode(encode(SEVEN, "JPEG"), notes=notes)
    assert notes == []
