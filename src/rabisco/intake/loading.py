"""A user's data as a ``Dataset``: uint8 pixels on disk where they are many, and splits drawn from a seed."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabisco.data.content import fingerprint
from rabisco.data.dataset import Dataset, Split, stratified_cut, stratified_split
from rabisco.errors import N_, InvalidConfigurationError, Sentence, StorageError
from rabisco.images import Ink, image_kind, prepare, prepare_ink, shape_of
from rabisco.images.geometry import counts_as_mnist
from rabisco.intake import pictures
from rabisco.intake.findings import refuse
from rabisco.intake.inspection import least_images, rare_classes, read_batches
from rabisco.intake.report import Batch, Dialect
from rabisco.intake.tally import MAX_CLASSES, MAX_ROWS, ordered

IN_MEMORY_BYTES = 64 << 20
COPIED_ROWS = 4096

Rows = NDArray[np.int64]
Images = NDArray[np.uint8]


def load(
    path: Path,
    dialect: Dialect,
    test: Path | None = None,
    test_dialect: Dialect | None = None,
    *,
    name: str = "own data",
    validation_fraction: float = 0.1,
    test_fraction: float = 0.1,
    seed: int = 25,
    folder: Path | None = None,
) -> Dataset:
    """Return a user's data, split, in the form that the dialect's normalizer gives to pictures.

    Every class keeps its share in every split; classes with too few images for that are trained on whole. Pixels
    beyond 64 MB lie in nameless files on disk that vanish with the arrays: the memory used is that of a block.

    Args:
        path: What ``inspect`` was given.
        dialect: What it found.
        test: The test data; cut from ``path`` if there are none (pictures may have theirs in a folder ``test``).
        test_dialect: How these are written.
        name: Of the data set, for the model's card.
        validation_fraction: Share of the images of ``path`` for validation, between 0 and 1, both excluded.
        test_fraction: Share of them for test, where there are no test data.
        seed: Of the draw.
        folder: Where pixels lie meanwhile; the system's folder for temporary files if not given.

    Raises:
        UnusableDataError: The data cannot be read or not be trained on.
        InvalidConfigurationError: The shares are out of range.
        StorageError: The disk is full.
    """
    if min(validation_fraction, test_fraction) <= 0 or validation_fraction + test_fraction >= 1:
        raise InvalidConfigurationError(
            N_(
                "expected shares for validation and test above 0 and below 1 together, received %(validation)s and "
                "%(test)s; 0.1 and 0.1 are usual"
            ),
            validation=validation_fraction,
            test=test_fraction,
        )
    try:
        with ExitStack() as files:
            whole = _store(read_batches(path, dialect, "train"), dialect, folder, files)
            held_out = None
            if test is not None:
                held_out = _store(read_batches(test, test_dialect or dialect, "train"), dialect, folder, files)
            elif dialect.kind == "pictures" and pictures.has_test(path, dialect.folders):
                held_out = _store(read_batches(path, dialect, "test"), dialect, folder, files)
            names = ordered(whole.names, dialect.class_names)
            labels = _indices(whole, names, dialect.class_names)
            test_share = None if held_out else test_fraction
            train_rows, validation_rows, test_rows = _draw(labels, names, validation_fraction, test_share, seed)
            train_split = _split(whole, labels, train_rows, folder)
            validation_split = _split(whole, labels, validation_rows, folder)
            if held_out is None:
                test_split = _split(whole, labels, test_rows, folder)
            else:
                test_labels = _indices(held_out, names, dialect.class_names)
                test_split = _split(held_out, test_labels, np.flatnonzero(test_labels >= 0), folder)
                if not len(test_split):
                    raise refuse("test-no-rows")
        known_as = fingerprint(map(_digest, [path] if test is None else [path, test]))
        return Dataset(name, names, train_split, validation_split, test_split, known_as, seed)
    except OSError as error:
        raise StorageError(
            N_("expected room for the images on the disk, received %(reason)s; free some space and try again"),
            reason=repr(error.strerror),
        ) from error


@dataclass(frozen=True)
class _Stored:
    """Images in the order of a file, their pixels on disk, and their labels."""

    file: "tempfile.SpooledTemporaryFile[bytes]"
    shape: tuple[int, int, int]  # of one image
    labels: NDArray[np.int32]  # (N,), indices into the names
    names: tuple[str, ...]  # labels in the order met


def _store(batches: Iterator[Batch], dialect: Dialect, folder: Path | None, files: ExitStack) -> _Stored:
    """Write the pixels of all batches into a file."""
    place = None if folder is None else str(folder)
    file = files.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=place))  # noqa: SIM115 - it is entered
    known: dict[str, int] = {}
    labels = []
    rows = 0
    for batch in batches:
        if formula := next((row for row in batch.bad if row.reason.code == "row-formula"), None):
            raise refuse("formula", line=formula.row)
        rows += len(batch.labels)
        if rows > MAX_ROWS:
            raise refuse("too-many-rows", limit=MAX_ROWS)
        if batch.labels:
            file.write(np.ascontiguousarray(fit(batch.images, dialect.normalizer)).data.cast("B"))
            labels.append(np.array([known.setdefault(label, len(known)) for label in batch.labels], np.int32))
        if len(known) > MAX_CLASSES:
            raise refuse("too-many-classes", limit=MAX_CLASSES)
    if not labels:
        raise refuse("no-rows", reason=Sentence(N_("none of the rows can be read")))
    return _Stored(file, shape_of(dialect.normalizer), np.concatenate(labels), tuple(known))


def _indices(stored: _Stored, names: Sequence[str], class_names: Mapping[str, str]) -> Rows:
    """Return labels as indices into ``names``, int64; −1 for those that are not among them."""
    places = {name: index for index, name in enumerate(names)}
    return np.array([places.get(class_names.get(one, one), -1) for one in stored.names], np.int64)[stored.labels]


def _draw(
    labels: Rows, names: tuple[str, ...], validation_fraction: float, test_fraction: float | None, seed: int
) -> tuple[Rows, Rows, Rows]:
    """Return the rows of train, validation and test, ascending; none of test if ``test_fraction`` is ``None``."""
    counts = dict(zip(names, np.bincount(labels, minlength=len(names)).tolist(), strict=True))
    if len(names) < 2:
        raise refuse("one-class", class_name=names[0])
    rare = np.isin(labels, [names.index(name) for name in rare_classes(counts, test_fraction is None)])
    if rare.all():
        raise refuse("too-few", least=least_images(test_fraction is None), most=max(counts.values()))
    common = np.flatnonzero(~rare)
    if test_fraction is None:
        train, validation = stratified_cut(labels[common], validation_fraction, seed, names)
        test = common[:0]
    else:
        train, validation, test = stratified_split(
            labels[common],
            validation_fraction=validation_fraction,
            test_fraction=test_fraction,
            seed=seed,
            class_names=names,
        )
    return np.sort(np.concatenate([common[train], np.flatnonzero(rare)])), common[validation], common[test]


def _split(stored: _Stored, labels: Rows, rows: Rows, folder: Path | None) -> Split:
    """Return rows of the stored images as a split: in memory where they are few, else in a file of their own."""
    size = int(np.prod(stored.shape))
    if len(rows) * size <= IN_MEMORY_BYTES:
        images = np.empty((len(rows), *stored.shape), np.uint8)
        flat = images.reshape(len(rows), size)
        place = 0
        for chosen in _chosen(stored, rows, size):
            flat[place : place + len(chosen)] = chosen
            place += len(chosen)
        return Split(images, labels[rows])
    with tempfile.TemporaryFile(dir=folder) as file:  # the array keeps what it maps
        for chosen in _chosen(stored, rows, size):
            file.write(np.ascontiguousarray(chosen).data.cast("B"))
        file.flush()
        mapped = np.memmap(file, np.uint8, "r", shape=(len(rows), *stored.shape))
    return Split(mapped.view(np.ndarray), labels[rows])


def _chosen(stored: _Stored, rows: Rows, size: int) -> Iterator[Images]:
    """Yield the pixels of rows, uint8 ``(n, P)``, reading the file from its beginning to its end."""
    stored.file.seek(0)
    total = len(stored.labels)
    for start in range(0, total, COPIED_ROWS):
        count = min(COPIED_ROWS, total - start)
        block = np.frombuffer(stored.file.read(count * size), np.uint8).reshape(count, size)
        first, last = np.searchsorted(rows, (start, start + count))
        if first < last:
            yield block[rows[first:last] - start]


def _digest(path: Path) -> bytes:
    """Return the sha256 of a file, or of the names and contents of a folder."""
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    digest = hashlib.sha256()
    for one in files:
        if one is not path:
            digest.update(one.relative_to(path).as_posix().encode() + b"\0")
        with one.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)  # adds to it
    return digest.digest()


def fit(images: Images, normalizer: str) -> Images:
    """Return images in the form of ``normalizer``; those that have its shape already are left as they are.

    8×8 images become what the catalog makes of scikit-learn's digits; gray ones of other sizes are taken as ink and
    normalized as a drawing is; colors are scaled, or become gray and are then searched for ink.

    Args:
        images: uint8 ``(N, H, W, C)``, upright; gray ones light on dark.
        normalizer: Name and version, such as ``mnist@1``.

    Returns:
        uint8 ``(N, 28, 28, 1)``, or ``(N, side, side, 3)`` for photos.
    """
    shape = shape_of(normalizer)
    if images.shape[1:] == shape:
        return images
    fitted = np.zeros((len(images), *shape), np.uint8)
    for place, image in enumerate(images):
        fitted[place] = _fit_one(image, normalizer)
    return fitted


def _fit_one(image: Images, normalizer: str) -> Images:
    if image_kind(normalizer) == "colour" or image.shape[2] == 3:
        return prepare(image if image.shape[2] == 3 else np.repeat(image, 3, axis=2), normalizer).pixels
    if image.shape[:2] == (8, 8) and normalizer == "mnist@1" and image.any():
        return counts_as_mnist(image[..., 0].astype(np.float64) * (16 / 255))[..., np.newaxis]
    gray = np.ascontiguousarray(image[..., 0])
    return prepare_ink(Ink(gray, gray), normalizer).pixels
