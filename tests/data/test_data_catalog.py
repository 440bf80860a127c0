"""The table of data sets: complete, consistent, frozen."""

import dataclasses
import re

import pytest

from rabisco.data import dataset_names, get_entry
from rabisco.errors import UnknownDatasetError

ENTRIES = [get_entry(name) for name in dataset_names()]


def test_the_catalog_holds_what_recipes_name() -> None:
    assert set(dataset_names()) == {
        *("mnist", "fashion-mnist", "cifar-10", "digits"),
        *("emnist-balanced", "emnist-letters", "emnist-digits", "emnist-byclass"),
        *("emnist-pages", "emnist-digits-test", "handwriting-extra", "digits-scan", "digit-forms"),
    }


def test_every_name_is_asked_for_as_it_is_written() -> None:
    assert all(get_entry(entry.name) is entry for entry in ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_says_what_a_user_needs(entry) -> None:
    assert entry.title
    assert entry.licence
    assert entry.citation
    assert len(set(entry.class_names)) == entry.num_classes >= 2
    assert entry.train_examples + entry.test_examples > 0


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_published_file_has_an_https_address_a_checksum_and_a_size(entry) -> None:
    for file in entry.files:
        assert bool(file.urls) == bool(file.checksum) == bool(file.size_bytes)
        assert all(url.startswith("https://") and url.endswith(file.name) for url in file.urls)
        assert re.fullmatch("(sha256:[0-9a-f]{64})?", file.checksum)
        assert all(place and not place.startswith("/") and ".." not in place for place in file.places)
        assert file.places[0].endswith(file.name)
    assert bool(entry.homepage) or not any(file.urls for file in entry.files)


def test_no_two_data_sets_take_each_others_files_for_their_own() -> None:
    owners: dict[str, set[str]] = {}
    for entry in ENTRIES:
        for file in entry.files:
            for place in file.places:
                owners.setdefault(place, set()).add(entry.format + file.checksum)
    assert all(len(owner) == 1 for owner in owners.values())


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("mnist", "0123456789"),
        ("emnist-balanced", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"),
        ("emnist-letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("emnist-byclass", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ],
)
def test_class_names_stand_in_the_order_of_the_official_labels(name: str, classes: str) -> None:
    assert "".join(get_entry(name).class_names) == classes


def test_an_entry_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_entry("mnist").title = "another"


@pytest.mark.parametrize(("name", "advice"), [("mnits", "did you mean 'mnist'?"), ("x", "choose one of: mnist, ")])
def test_an_unknown_name_is_answered_with_the_nearest_or_all(name: str, advice: str) -> None:
    with pytest.raises(UnknownDatasetError) as caught:
        get_entry(name)
    assert str(caught.value).startswith(f"no data set is called {name!r}; {advice}")
