"""Any data set becomes a ``Dataset``: uint8 pixels, integer labels, class names and three splits.

``catalog`` knows the data sets by name, ``download`` finds or fetches their files, one module per format reads
them (``idx``, ``cifar``, ``handwriting``, ``bundled``) or draws them (``forms``), ``dataset`` has what they become and
cuts the validation part. ``load`` is the door.
"""

from rabisco.data.catalog import dataset_names, get_entry
from rabisco.data.dataset import Dataset, Split, stratified_cut, stratified_split
from rabisco.data.download import locate, missing
from rabisco.data.entry import DataFile, Entry
from rabisco.data.reading import read_parts
from rabisco.errors import N_, InvalidConfigurationError

__all__ = [
    "DataFile",
    "Dataset",
    "Entry",
    "Split",
    "dataset_names",
    "get_entry",
    "is_local",
    "load",
    "stamp",
    "stratified_cut",
    "stratified_split",
]


def load(name: str, *, validation_fraction: float = 0.1, seed: int = 25, limit: int | None = None) -> Dataset:
    """Return the data set called ``name``, downloaded if need be.

    The validation split is cut from the official training part, every class in its share; the official test
    part is left as it is, and does not depend on the seed. Some data sets have no training part or no test part
    (see their entry): these splits are empty.

    Args:
        name: A name of the catalog or an alias; see ``dataset_names``.
        validation_fraction: Share of the training part, between 0 and 1, both excluded.
        seed: Draws the validation split, and the examples that a limit leaves.
        limit: At most this many examples of the training part, and as many of the test part, in each class's
            share; for trying things out.

    Raises:
        UnknownDatasetError: The catalog has none of that name.
        InvalidConfigurationError: The fraction or the limit is out of range.
        DataUnavailableError: A file is neither here nor to be had; the message says where to put it.
        InvalidDataError: A file is damaged.
        MissingExtraError: The data set comes with a library that is not installed.
    """
    entry = get_entry(name)
    _check(entry, validation_fraction, limit)
    parts = read_parts(entry)
    names = entry.class_names
    train = _limited(parts.train, limit, seed, names)
    test = _limited(parts.test, limit, seed, names)
    kept, cut = stratified_cut(train.labels, validation_fraction, seed, names)
    return Dataset(
        name=entry.name,
        class_names=names,
        train=train[kept],
        validation=train[cut],
        test=test,
        fingerprint=parts.fingerprint,
        split_seed=seed,
    )


def is_local(name: str) -> bool:
    """Return whether ``load(name)`` needs no network.

    Raises:
        UnknownDatasetError: The catalog has none of that name.
    """
    return not missing(get_entry(name).files)


def stamp(name: str) -> tuple[tuple[str, int, int], ...]:
    """Return the path, size and modification time of each file, as a cache key that changes when the files do.

    The data set must be local.

    Raises:
        UnknownDatasetError: The catalog has none of that name.
    """
    entry = get_entry(name)
    paths = [locate(entry, file) for file in entry.files]
    found = [one for path in paths for one in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return tuple((str(one), one.stat().st_size, one.stat().st_mtime_ns) for one in found)


def _check(entry: Entry, validation_fraction: float, limit: int | None) -> None:
    if not 0 < validation_fraction < 1:
        raise InvalidConfigurationError(
            N_(
                "the validation fraction must lie between 0 and 1, both excluded; received %(validation)s; 0.1 is "
                "usual"
            ),
            validation=validation_fraction,
        )
    least = 2 * entry.num_classes
    if limit is not None and limit < least:
        raise InvalidConfigurationError(
            N_(
                "the limit must be at least two examples of each class of %(name)s, %(least)s; received %(limit)s; "
                "raise it or leave it out"
            ),
            name=entry.name,
            least=least,
            limit=limit,
        )


def _limited(split: Split, limit: int | None, seed: int, class_names: tuple[str, ...]) -> Split:
    if limit is None or limit >= len(split):
        return split
    _, chosen = stratified_cut(split.labels, limit / len(split), seed, class_names)
    return split[chosen]
