"""Names that a user gives to classes, in any form, for some of them or for all, two of them to become one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.intake.tables import glyphs, write_table

from rabisco.errors import UnusableDataError
from rabisco.intake import Choices, Dialect, inspect, load
from rabisco.intake.naming import class_names_of, joined

IMAGES, LABELS = glyphs(60)


def path_of(folder: Path, labels: list[str] | None = None) -> Path:
    path = folder / "train.csv"
    path.write_bytes(write_table(IMAGES, labels or [str(label) for label in LABELS]))
    return path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0 = A, 1=B", {"0": "A", "1": "B"}),
        ("0 = A\n1 → Bê\r\n2 -> C c;3\tD", {"0": "A", "1": "Bê", "2": "C c", "3": "D"}),
        ("0: um, 1: dois", {"0": "um", "1": "dois"}),
        ("A, B c, D", ["A", "B c", "D"]),
        ("A B C", ["A", "B", "C"]),
        ('{"0": "yes, sir", "1": "no"}', {"0": "yes, sir", "1": "no"}),
        ('["yes, sir", "no"]', ["yes, sir", "no"]),
        ({"0": "na\u0303o"}, {"0": "não"}),
        (["A", "B"], ["A", "B"]),
        ("", None),
        (None, None),
    ],
)
def test_names_are_given_in_many_forms(given: Any, expected: Any) -> None:
    assert class_names_of(given) == expected


@pytest.mark.parametrize("given", ["0 = A, B", {"0": ""}, {"0": ["A"]}, 7, "{0: A", "0 = " + "x" * 101])
def test_what_names_nothing_is_refused(given: Any) -> None:
    with pytest.raises(UnusableDataError, match="expected names of classes such as"):
        class_names_of(given)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"0": "zero", "3": "three"}, ("zero", "1", "2", "three")),
        (["d", "c", "b", "a"], ("d", "c", "b", "a")),
        ({"0": "even", "2": "even", "1": "odd", "3": "odd", "9": "odd"}, ("even", "odd")),
    ],
)
def test_classes_get_their_names_in_the_report_and_in_the_data(
    given: Any, names: tuple[str, ...], tmp_path: Path
) -> None:
    path = path_of(tmp_path)
    plain = inspect(path)
    found = inspect(path, None, Choices(class_names=given))
    assert found.class_names == names
    assert set(found.samples) == set(names)
    assert sum(one.train for one in found.classes) == sum(one.train for one in plain.classes) == 60
    dataset = load(path, Dialect.from_dict(found.dialect.to_dict()))
    assert dataset.class_names == names
    assert len(dataset.train) == len(load(path, plain.dialect).train)
    codes = {one.code for one in found.warnings}
    assert ("class-names-unknown" in codes) == (isinstance(given, dict) and "9" in given)


def test_test_data_get_the_same_names(tmp_path: Path) -> None:
    test = tmp_path / "test.csv"
    test.write_bytes(write_table(IMAGES[:20], [str(label) for label in LABELS[:20]]))
    found = inspect(path_of(tmp_path), test, Choices(class_names={"0": "zero"}))
    assert found.classes[0].name == "zero"
    assert found.classes[0].test > 0
    dataset = load(tmp_path / "train.csv", found.dialect, test, found.test_dialect)
    assert len(dataset.test) == 20


def test_too_few_names_are_refused_with_the_classes(tmp_path: Path) -> None:
    with pytest.raises(UnusableDataError, match=r"each of the 4 classes \(0, 1, 2, 3\), received 2"):
        inspect(path_of(tmp_path), None, Choices(class_names=["a", "b"]))


def test_classes_that_only_accents_or_capitals_tell_apart_are_made_one(tmp_path: Path) -> None:
    words = ["não", "Nao", "NÃO", "sim"]
    path = path_of(tmp_path, [words[label] for label in LABELS])
    found = inspect(path)
    assert "alike-classes" in {one.code for one in found.warnings}
    one = inspect(path, None, replace(found.choices, class_names=joined(found)))
    assert len(one.classes) == 2
    assert "alike-classes" not in {finding.code for finding in one.warnings}
