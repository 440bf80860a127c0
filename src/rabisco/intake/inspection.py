"""Looks through a user's data once, and says what is there, what is odd and what forbids training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rabisco.errors import N_, Sentence
from rabisco.images import NORMALIZERS, shape_of
from rabisco.intake import pictures, table
from rabisco.intake.archive import form_of
from rabisco.intake.findings import Finding, Parameter, refuse
from rabisco.intake.naming import matched, unmatched
from rabisco.intake.pictures import Part
from rabisco.intake.report import Batch, Choices, ClassCount, Dialect, Inspection
from rabisco.intake.tally import Tally
from rabisco.text import alike_names, listed

FEW = 1000
IMBALANCE = 10


@dataclass
class _Part:
    """One file: how it is written, what it holds."""

    dialect: Dialect
    tally: Tally
    findings: list[Finding]
    understood: Finding | None = None


OnRows = Callable[[int], object]


def inspect(
    path: Path, test: Path | None = None, choices: Choices | None = None, on_rows: OnRows = bool
) -> Inspection:
    """Return what a user's data hold, read once in bounded memory.

    Args:
        path: A CSV file, plain or gzipped; or a folder or zip archive of pictures by class.
        test: The test data, written in any such way; cut from ``path`` if there are none.
        choices: What the user decided; the data decide the rest.
        on_rows: Called with the number of rows after each part that was read.

    Raises:
        UnusableDataError: It cannot be read at all. Data that can be read, but not trained on, are reported with
            ``Inspection.errors``.
    """
    choices = choices or Choices()
    if choices.normalizer is not None and choices.normalizer not in NORMALIZERS:
        raise refuse(
            "choice",
            name=Sentence(N_("normalizer")),
            expected=Sentence(N_("one that there is")),
            received=choices.normalizer,
        )
    train = _survey(path, choices, test is not None, on_rows)
    held_out = _survey_test(path, test, train.dialect, choices, on_rows)
    _name_classes(train, held_out, choices)
    warnings = [
        *train.findings,
        *_describe(train, held_out is not None),
        *(_compare(train, held_out) if held_out else []),
    ]
    repeats = train.tally.repeats()
    leaked = train.tally.shared(held_out.tally) if held_out else 0
    found = dict(zip(("duplicates", "contradictions", "leaked"), (*repeats, leaked), strict=True))
    warnings += [Finding(code, {"count": count}) for code, count in found.items() if count]
    counts = train.tally.class_counts()
    return Inspection(
        dialect=train.dialect,
        test_dialect=held_out.dialect if held_out else None,
        choices=choices,
        train=train.tally.report(),
        test=held_out.tally.report() if held_out else None,
        classes=_classes(train, held_out),
        samples={name: tuple(one) for name in counts if (one := train.tally.samples.get(name))},
        understood=train.understood,
        warnings=tuple(warnings),
        errors=tuple(_forbidding(train, held_out)),
        **found,
    )


def _name_classes(train: _Part, test: _Part | None, choices: Choices) -> None:
    """Give the classes the names that the user chose."""
    labels = list(train.tally.class_counts())
    names = matched(choices.class_names, labels)
    if unknown := unmatched(choices.class_names, labels):
        train.findings.append(Finding("class-names-unknown", {"classes": listed(unknown)}))
    if not names:
        return
    for part in (train, test):
        if part is not None:
            part.tally.rename(names)
            part.dialect = replace(part.dialect, class_names=names)


def is_pictures(path: Path) -> bool:
    """Return whether data are pictures, a folder or an archive, and no table.

    Raises:
        UnusableDataError: There is nothing at ``path``, or an archive of a kind that cannot be read.
    """
    if not path.exists():
        raise refuse("missing", name=path.name)
    return form_of(path) is not None


def read_batches(path: Path, dialect: Dialect, part: Part) -> Iterator[Batch]:
    """Yield the images of a table, or of pictures of a part; see ``table`` and ``pictures``."""
    if dialect.kind == "pictures":
        return pictures.read_batches(path, dialect, part)
    return table.read_batches(path, dialect)


def _survey(path: Path, choices: Choices, has_test: bool, on_rows: OnRows, with_samples: bool = True) -> _Part:
    if is_pictures(path):
        dialect, (understood, *findings) = pictures.detect(path, choices)
        if has_test and pictures.has_test(path, dialect.folders):
            raise refuse("test-in-both")
    else:
        dialect, findings = table.detect(path, choices)
        understood = None
    tally = _count(read_batches(path, dialect, "train"), on_rows, with_samples)
    if _holds_brighter(tally, dialect, choices):  # black and white as far as was seen at first, and not all through
        return _survey(path, replace(choices, scale=255), has_test, on_rows, with_samples)
    return _Part(dialect, tally, findings, understood)


def _count(batches: Iterator[Batch], on_rows: OnRows, with_samples: bool) -> Tally:
    tally = Tally(with_samples)
    for batch in batches:
        tally.add(batch)
        on_rows(len(batch.labels) + len(batch.bad))
    return tally


def _holds_brighter(tally: Tally, dialect: Dialect, choices: Choices) -> bool:
    beyond = sum(row.reason.code == "row-out-of-range" for row in tally.bad_rows)
    return choices.scale is None and dialect.scale < 255 and beyond > 0 and not dialect.decimals


def _survey_test(path: Path, test: Path | None, train: Dialect, choices: Choices, on_rows: OnRows) -> _Part | None:
    """Return what the test file holds, its images looked at as the training images are."""
    if test is None:
        if train.kind != "pictures" or not pictures.has_test(path, train.folders):
            return None
        return _Part(train, _count(pictures.read_batches(path, train, "test"), on_rows, False), [])
    same = replace(
        choices,
        inverted=train.inverted,
        transposed=train.transposed,
        normalizer=train.normalizer,
        layout=train.layout if train.layout != "grey" else None,
        delimiter=None,
        has_header=None,
    )
    if is_pictures(test) != (train.kind == "pictures"):
        raise refuse("test-shape", expected=_size(train), received=Sentence(N_("other kinds of")))
    part = _survey(test, same, has_test=False, on_rows=on_rows, with_samples=False)
    if part.dialect.image_shape != train.image_shape:
        raise refuse("test-shape", expected=_size(train), received=_size(part.dialect))
    return part


def _size(dialect: Dialect) -> str:
    if dialect.kind == "pictures":
        return "×".join(map(str, shape_of(dialect.normalizer)))
    return "×".join(map(str, dialect.image_shape))


def _classes(train: _Part, test: _Part | None) -> tuple[ClassCount, ...]:
    in_test = test.tally.class_counts() if test else {}
    return tuple(ClassCount(name, count, in_test.get(name, 0)) for name, count in train.tally.class_counts().items())


def _describe(part: _Part, has_test: bool) -> list[Finding]:
    """Return what is to be known of the training data by themselves."""
    dialect, tally = part.dialect, part.tally
    found = [Finding(code) for code in ("inverted", "transposed") if getattr(dialect, code)]
    if tally.bad_count:
        found.append(Finding("bad-rows", {"count": tally.bad_count, "total": tally.bad_count + tally.rows}))
    if not tally.rows:
        return found
    shape = shape_of(dialect.normalizer)
    if dialect.kind == "table" and dialect.image_shape != shape:
        found.append(Finding("resized", {"received": _size(dialect), "expected": "×".join(map(str, shape))}))
    if tally.highest < 128:
        found.append(Finding("faint", {"high": tally.highest}))
    if tally.rows < FEW:
        found.append(Finding("few", {"count": tally.rows}))
    counts = tally.class_counts()
    most, least = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    if rare := rare_classes(counts, has_test):
        found.append(Finding("rare-classes", {"classes": listed(rare), "least": least_images(has_test)}))
    if alike := alike_names(counts):
        found.append(Finding("alike-classes", {"classes": listed(alike)}))
    if counts[most] >= IMBALANCE * counts[least]:
        extremes: dict[str, Parameter] = {"most": most, "most_count": counts[most]}
        found.append(Finding("imbalance", {**extremes, "least": least, "least_count": counts[least]}))
    return found


def _compare(train: _Part, test: _Part) -> list[Finding]:
    """Return what is to be known of the test data beside the training data."""
    in_train, in_test = train.tally.class_counts(), test.tally.class_counts()
    found = []
    if test.tally.bad_count:
        found.append(
            Finding("bad-test-rows", {"count": test.tally.bad_count, "total": test.tally.bad_count + test.tally.rows})
        )
    if unknown := [name for name in in_test if name not in in_train]:
        count = sum(in_test[name] for name in unknown)
        found.append(Finding("unknown-test-classes", {"count": count, "classes": listed(unknown)}))
    if missing := [name for name in in_train if name not in in_test]:
        found.append(Finding("missing-test-classes", {"classes": listed(missing)}))
    if train.dialect.scale != test.dialect.scale:
        scales = {"train": train.dialect.scale, "test": test.dialect.scale}
        found.append(Finding("test-differs", scales))
    return found


def _forbidding(train: _Part, test: _Part | None) -> list[Finding]:
    """Return why nothing can be trained on these data."""
    tally = train.tally
    formula = tally.formula or (test.tally.formula if test else None)
    if formula is not None:
        return [Finding("formula", {"line": formula.row})]
    if not tally.rows:
        reason = tally.bad_rows[0].reason if tally.bad_rows else Finding("no-pictures", {"name": "–"})
        return [Finding("no-rows", {"reason": reason.sentence})]
    counts = tally.class_counts()
    if len(counts) == 1:
        return [Finding("one-class", {"class_name": next(iter(counts))})]
    least = least_images(test is not None)
    if max(counts.values()) < least:
        return [Finding("too-few", {"least": least, "most": max(counts.values())})]
    if test and not any(name in counts for name in test.tally.class_counts()):
        return [Finding("test-no-rows")]
    return []


def least_images(has_test: bool) -> int:
    """Return the fewest images of a class of which every split gets one."""
    return 2 if has_test else 3


def rare_classes(counts: dict[str, int], has_test: bool) -> list[str]:
    """Return the classes with too few images for every split; all of theirs are trained on."""
    return [name for name, count in counts.items() if count < least_images(has_test)]
