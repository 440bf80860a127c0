"""Rows and lines of characters are read as strings, by the bundled network and in one call of it."""

import time

import numpy as np
import pytest
from benchmarks import rows as benchmark
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from tests.images.pictures import draw

from rabisco import data
from rabisco.errors import TooLargeError
from rabisco.images import Box
from rabisco.inference import ClassProbability, Predictor, get_predictor
from rabisco.text_reading import ReadCharacter, read_many, spell

ONE = (((0.0, 0.0), (0.0, 1.0)),)
SEVEN = (((0.0, 0.0), (0.6, 0.0), (0.2, 1.0)),)
FOUR = (((0.3, 0.0), (0.0, 0.6), (0.6, 0.6)), ((0.45, 0.3), (0.4, 1.0)))


@pytest.fixture
def predictor() -> Predictor:
    return get_predictor("mnist-cnn")


def write(*characters: tuple[tuple[tuple[tuple[float, float], ...], ...], int, int]) -> NDArray[np.uint8]:
    """Return strokes at places on one sheet, each 80 pixels high."""
    sheets = [
        draw((640, 300), place=(left, top), height=80, width=9, strokes=strokes) for strokes, left, top in characters
    ]
    return np.min(sheets, axis=0)


def character(category: str, left: int, width: int, line: int = 0) -> ReadCharacter:
    """Return a character of a line 100 pixels high, as if it had been read."""
    prepared: object = None
    best = (ClassProbability(category, 0, 1.0),)
    return ReadCharacter(best, Box(left, 0, left + width, 100), line, prepared)  # type: ignore[arg-type]


def test_a_row_is_read_as_a_string_with_a_box_around_each_character(predictor: Predictor) -> None:
    reading = read_many(predictor, write((FOUR, 40, 60), (ONE, 160, 65), (SEVEN, 230, 58)))
    assert reading.text == "417"
    assert [each.box.left for each in reading.characters] == pytest.approx([36, 156, 226], abs=4)
    assert all(each.best == each.top_k[0] for each in reading.characters)
    assert [len(each.top_k) for each in reading.characters] == [3, 3, 3]
    assert (reading.width, reading.height, reading.blank) == (640, 300, False)


def test_lines_are_parted_by_a_line_feed(predictor: Predictor) -> None:
    reading = read_many(predictor, write((SEVEN, 40, 30), (FOUR, 150, 30), (FOUR, 60, 180), (ONE, 200, 180)))
    assert reading.text == "74\n41"
    assert [each.line for each in reading.characters] == [0, 0, 1, 1]


def test_a_clearly_wider_gap_is_a_space(predictor: Predictor) -> None:
    assert read_many(predictor, write((SEVEN, 40, 60), (SEVEN, 110, 60), (ONE, 360, 60), (SEVEN, 390, 60))).text == (
        "77 17"
    )


def test_touching_characters_are_read_one_by_one(predictor: Predictor) -> None:
    assert read_many(predictor, write((SEVEN, 40, 60), (SEVEN, 90, 60), (FOUR, 165, 60))).text == "774"


@pytest.mark.parametrize("width", [60, 150, 180, 210])
def test_the_box_of_a_seven_holds_its_bar_however_wide(predictor: Predictor, width: int) -> None:
    image = Image.new("RGB", (560, 280), "white")
    pencil = ImageDraw.Draw(image)
    pencil.line([(40, 70), (40 + width, 70), (40 + width // 2, 230)], "black", 19, joint="curve")
    pencil.line([(420, 60), (420, 230)], "black", 19)
    read = read_many(predictor, np.asarray(image))
    assert read.text == "71"
    assert abs(read.characters[0].box.left - 40) <= 2


def test_nothing_written_is_an_empty_string(predictor: Predictor) -> None:
    reading = read_many(predictor, np.full((100, 300, 3), 255, np.uint8))
    assert (reading.text, reading.characters, reading.blank) == ("", (), True)


def test_boxes_are_given_in_pixels_of_the_picture_as_it_was_sent(predictor: Predictor) -> None:
    picture = write((SEVEN, 40, 60), (ONE, 200, 60))
    plain = read_many(predictor, picture)
    scaled = read_many(predictor, picture, sent_side=6400)
    assert (scaled.width, scaled.height) == (6400, 3000)
    for one, other in zip(plain.characters, scaled.characters, strict=True):
        assert other.box == one.box.scaled(10)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 2), (3, 1)])
def test_a_picture_of_few_pixels_is_as_large_as_it_was_sent(predictor: Predictor, size: tuple[int, int]) -> None:
    reading = read_many(predictor, np.full((*size, 3), 200, np.uint8), sent_side=max(size))
    assert (reading.height, reading.width) == size


def test_all_candidates_are_shown_to_the_model_at_once(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    logits = predictor.logits
    monkeypatch.setattr(predictor, "logits", lambda images: batches.append(len(images)) or logits(images))
    read_many(predictor, write((SEVEN, 40, 30), (SEVEN, 90, 30), (FOUR, 60, 180), (ONE, 200, 180)))
    assert len(batches) == 1
    assert batches[0] >= 4


@pytest.mark.parametrize(
    ("lefts", "text"),
    [
        ((0, 60, 120, 180), "0123"),
        ((0, 60, 200, 260), "01 23"),
        ((0, 140, 200, 340), "0 12 3"),
        ((0, 150, 300, 450), "0123"),  # all far apart: no gap is wider than the others
        ((0, 60, 130, 195), "0123"),
    ],
)
def test_spaces_are_the_gaps_that_stand_out(lefts: tuple[int, ...], text: str) -> None:
    assert spell([character(str(number), left, 50) for number, left in enumerate(lefts)]) == text


def test_two_characters_far_apart_are_one_word() -> None:
    assert spell([character("4", 0, 50), character("7", 300, 50)]) == "47"


def test_more_characters_than_allowed_are_refused(predictor: Predictor) -> None:
    with pytest.raises(TooLargeError, match="at most 1 characters"):
        read_many(predictor, write((SEVEN, 40, 60), (ONE, 200, 60)), most=1)


@pytest.mark.slow
def test_two_hundred_characters_are_read_about_as_fast_as_their_images(predictor: Predictor) -> None:
    image = Image.new("RGB", (1500, 900), "white")
    pencil = ImageDraw.Draw(image)
    for number in range(200):
        left, top = 30 + number % 20 * 72, 30 + number // 20 * 85
        pencil.line([(left, top), (left + 30, top), (left + 10, top + 50)], fill="black", width=5, joint="curve")
    picture = np.array(image)
    assert read_many(predictor, picture).text == "\n".join(["7" * 20] * 10)
    batch = np.zeros((200, 28, 28, 1), np.uint8)
    whole = min(_seconds(lambda: read_many(predictor, picture)) for _ in range(3))
    network = min(_seconds(lambda: predictor.logits(batch)) for _ in range(3))
    print(f"200 characters: {1000 * whole:.0f} ms, of which the network {1000 * network:.0f} ms")
    assert whole < 8 * network


def _seconds(action: object) -> float:
    started = time.perf_counter()
    action()  # type: ignore[operator]
    return time.perf_counter() - started


@pytest.mark.slow
def test_composed_rows_of_validation_digits_are_read(predictor: Predictor, mnist_folder: object) -> None:
    validation = data.load("mnist").validation
    pairs = [
        (expected, read_many(predictor, picture).text)
        for expected, picture in benchmark.compose_all(validation, "gaps", 20, seed=5)
    ]
    assert benchmark.judge(pairs)["characters"]["accuracy"] > 0.95


def test_characters_are_counted_by_edit_distance() -> None:
    assert benchmark.edit_distance("40712", "4071") == 1
    assert benchmark.edit_distance("40712", "41072") == 2
    figures = benchmark.judge([("40 7", "407"), ("12", "12")])
    assert figures["characters"]["accuracy"] == 1
    assert figures["strings"]["accuracy"] == 0.5
