"""What was found in a user's data, in the reader's language: a sentence for each code of ``intake.MESSAGES``."""

from collections.abc import Mapping
from typing import Any

from flask_babel import LazyString, format_decimal, lazy_gettext

from rabisco.intake import Finding
from rabisco.intake.findings import Parameter

# The words are those of MESSAGES, which a test compares, so that they can be collected for translation.
SENTENCES: dict[str, LazyString] = {
    "missing": lazy_gettext("a file or a folder was expected at %(name)s, nothing is there; check the name"),
    "empty": lazy_gettext("expected rows of images, received an empty file; export it again"),
    "binary": lazy_gettext("expected a CSV file, received %(kind)s; save it as CSV (comma separated values) first"),
    "page": lazy_gettext("expected a CSV file, received a web page; download the file itself, not the page about it"),
    "encoding": lazy_gettext("expected text in UTF-8, UTF-16 or Latin-1, received %(encoding)s; save it as UTF-8"),
    "nul": lazy_gettext(
        "expected text, received a NUL byte near line %(line)s: the file is damaged or no text; export it again"
    ),
    "line-too-long": lazy_gettext(
        "expected lines of at most %(limit)s bytes, line %(line)s is longer; check that each image ends with a "
        "line break"
    ),
    "too-many-rows": lazy_gettext("expected at most %(limit)s rows, received more; use a part of them"),
    "too-many-columns": lazy_gettext("expected at most %(limit)s columns, received more; make the images smaller"),
    "text-too-large": lazy_gettext("expected at most %(limit)s bytes of text, received more; use a part of the rows"),
    "compression-bomb": lazy_gettext(
        "expected data, received a file that unpacks to more than %(ratio)s times its size; send it uncompressed"
    ),
    "compressed-truncated": lazy_gettext(
        "expected a whole gzip file, received one that is cut off; compress or send it again"
    ),
    "compressed-damaged": lazy_gettext(
        "expected a gzip file, received one that cannot be decompressed; compress or send it again"
    ),
    "no-delimiter": lazy_gettext(
        "expected columns separated by comma, semicolon, tab, space or bar, found none of them; check that the "
        "file has one row per image"
    ),
    "uneven": lazy_gettext(
        "expected the same number of columns in every row, received many different ones; export it again"
    ),
    "columns": lazy_gettext(
        "expected one label and a square number of pixels (64, 784, 1,024, 3,072 …), received %(columns)s columns;"
        " check what was exported"
    ),
    "no-label": lazy_gettext(
        "expected a column with the labels beside the pixels, received %(columns)s columns, which are pixels "
        "alone; add a column named label"
    ),
    "label-column": lazy_gettext(
        "expected a column called %(column)s, the file has none; choose first, last or a name in its header"
    ),
    "choice": lazy_gettext("expected %(expected)s as %(name)s, received %(received)s; choose again"),
    "pixel-range": lazy_gettext(
        "expected pixels from 0 to 255, from 0 to 16 or from 0 to 1, received %(low)s to %(high)s; export the "
        "pixels themselves, not standardised ones"
    ),
    "not-numbers": lazy_gettext("expected numbers as pixels, received %(text)s; check what was exported"),
    "no-rows": lazy_gettext("expected at least one row that can be read, received none; the first reason: %(reason)s"),
    "formula": lazy_gettext(
        "expected numbers and labels, line %(line)s holds a spreadsheet formula; save values only, formulas are "
        "never computed here"
    ),
    "one-class": lazy_gettext(
        "expected images of at least two classes, received only %(class_name)s; add another class"
    ),
    "too-many-classes": lazy_gettext(
        "expected at most %(limit)s classes, received more; check which column holds the labels"
    ),
    "too-few": lazy_gettext(
        "expected at least %(least)s images of a class so that some can be set aside for validation and test, "
        "received at most %(most)s; add images, or a test file"
    ),
    "test-shape": lazy_gettext(
        "expected test images of %(expected)s pixels as the training images have, received %(received)s; choose "
        "the test file that belongs to the training file"
    ),
    "test-no-rows": lazy_gettext(
        "expected at least one test row of a class that the training file has, received none; choose the test file"
        " that belongs to the training file"
    ),
    "test-in-both": lazy_gettext(
        "expected one test set, received a test file and test folders; leave one of them out"
    ),
    "zip-damaged": lazy_gettext("expected a zip archive, received one that is cut off or damaged; make it again"),
    "zip-slip": lazy_gettext(
        "expected file names inside the archive, received %(name)s, which leads out of it; make the zip again"
    ),
    "zip-encrypted": lazy_gettext(
        "expected an archive without a password, received an encrypted one; make it without"
    ),
    "symlink": lazy_gettext("expected files and folders, received the link %(name)s; put the file itself there"),
    "too-many-files": lazy_gettext("expected at most %(limit)s files, received more; use a part of them"),
    "total-too-large": lazy_gettext(
        "expected at most %(limit)s bytes of pictures, received more; make the pictures smaller"
    ),
    "zip-of-tables": lazy_gettext(
        "expected pictures in the archive, received a CSV file; unpack it and send the CSV itself"
    ),
    "looking-died": lazy_gettext(
        "expected to look through the file to its end, but the process that did so was ended, perhaps for lack of "
        "memory; look again, or send a part of the file"
    ),
    "looking-memory": lazy_gettext(
        "expected to look through the file to its end, which needs more memory than there is; send a part of it"
    ),
    "looking-failed": lazy_gettext(
        "expected a file like those that other programs write, received one that led to an error here (%(kind)s); "
        "export it again, or send it with a report of this error"
    ),
    "no-pictures": lazy_gettext(
        "expected pictures in one folder per class, such as cat/1.png, received none; make the zip again"
    ),
    "row-cells": lazy_gettext("expected %(expected)s cells, received %(received)s"),
    "row-empty-cell": lazy_gettext("the cell in column %(column)s is empty"),
    "row-not-number": lazy_gettext("expected a number in column %(column)s, received %(text)s"),
    "row-out-of-range": lazy_gettext("expected a pixel from 0 to %(limit)s in column %(column)s, received %(text)s"),
    "row-formula": lazy_gettext("column %(column)s holds a spreadsheet formula"),
    "row-quote": lazy_gettext("a quotation mark is opened and not closed"),
    "row-no-label": lazy_gettext("the label is empty"),
    "row-label-too-long": lazy_gettext("the label is longer than %(limit)s characters"),
    "picture-unreadable": lazy_gettext("%(reason)s"),
    "picture-blank": lazy_gettext("nothing is drawn in it"),
    "picture-no-folder": lazy_gettext("it lies in no class's folder"),
    "bad-rows": lazy_gettext("%(count)s of %(total)s rows cannot be read and are left out"),
    "bad-test-rows": lazy_gettext("%(count)s of %(total)s test rows cannot be read and are left out"),
    "latin-1": lazy_gettext(
        "the text is not UTF-8; it is read as Latin-1, so letters with accents in labels may come out wrong"
    ),
    "index-column": lazy_gettext("column %(column)s counts the rows and is left out"),
    "label-guessed": lazy_gettext("no column is clearly the label; column %(column)s is taken"),
    "inverted": lazy_gettext("the images are dark on light; they are turned into light on dark, as the models expect"),
    "transposed": lazy_gettext("the images lie on their side, as EMNIST's do; they are turned upright"),
    "duplicates": lazy_gettext("%(count)s images are there more than once"),
    "contradictions": lazy_gettext("%(count)s images are there under different labels"),
    "leaked": lazy_gettext(
        "%(count)s test images are among the training images too: the accuracy on them would flatter"
    ),
    "imbalance": lazy_gettext("class %(most)s has %(most_count)s images, class %(least)s only %(least_count)s"),
    "rare-classes": lazy_gettext(
        "%(classes)s have fewer than %(least)s images: all of them are trained on, so nothing can be said of how "
        "well they are read"
    ),
    "few": lazy_gettext("only %(count)s images: the accuracy measured will be very uncertain"),
    "unknown-test-classes": lazy_gettext(
        "%(count)s test rows have labels that no training row has, and are left out: %(classes)s"
    ),
    "missing-test-classes": lazy_gettext("no test row shows %(classes)s"),
    "test-differs": lazy_gettext(
        "full pixels are written as %(train)s in the training file and as %(test)s in the test file"
    ),
    "resized": lazy_gettext(
        "the images have %(received)s pixels; they are brought to %(expected)s, the form that the models read"
    ),
    "faint": lazy_gettext("the brightest pixel is %(high)s of 255"),
    "validation-merged": lazy_gettext(
        "the pictures for validation are trained on; a validation part is set aside anew"
    ),
}


def sentence(finding: Finding) -> str:
    """Return what was found, as a sentence that begins with a small letter."""
    return str(SENTENCES[finding.code]) % _shown(finding.parameters)


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as the API gives it."""
    return {"code": finding.code, "text": sentence(finding), "parameters": dict(finding.parameters)}


def _shown(parameters: Mapping[str, Parameter]) -> dict[str, str]:
    return {
        name: format_decimal(value) if isinstance(value, int) else str(value) for name, value in parameters.items()
    }
