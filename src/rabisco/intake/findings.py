"""What can be said of a user's data: each finding is a code with parameters, and one table holds its words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rabisco.errors import N_, Sentence, UnusableDataError

Parameter = str | int | float | Sentence
EXCERPT = 24  # characters of a cell that a message shows

# What ends the reading of a file: raised as ``UnusableDataError``, or among ``Inspection.errors``.
REFUSALS: dict[str, str] = {
    "missing": N_("a file or a folder was expected at %(name)s, nothing is there; check the name"),
    "empty": N_("expected rows of images, received an empty file; export it again"),
    "binary": N_("expected a CSV file, received %(kind)s; save it as CSV (comma separated values) first"),
    "page": N_("expected a CSV file, received a web page; download the file itself, not the page about it"),
    "encoding": N_("expected text in UTF-8, UTF-16 or Latin-1, received %(encoding)s; save it as UTF-8"),
    "nul": N_(
        "expected text, received a NUL byte near line %(line)s: the file is damaged or no text; export it again"
    ),
    "line-too-long": N_(
        "expected lines of at most %(limit)s bytes, line %(line)s is longer; "
        "check that each image ends with a line break"
    ),
    "too-many-rows": N_("expected at most %(limit)s rows, received more; use a part of them"),
    "too-many-columns": N_("expected at most %(limit)s columns, received more; make the images smaller"),
    "text-too-large": N_("expected at most %(limit)s bytes of text, received more; use a part of the rows"),
    "compression-bomb": N_(
        "expected data, received a file that unpacks to more than %(ratio)s times its size; send it uncompressed"
    ),
    "compressed-truncated": N_("expected a whole gzip file, received one that is cut off; compress or send it again"),
    "compressed-damaged": N_(
        "expected a gzip file, received one that cannot be decompressed; compress or send it again"
    ),
    "no-delimiter": N_(
        "expected columns separated by comma, semicolon, tab, space or bar, found none of them; "
        "check that the file has one row per image"
    ),
    "uneven": N_("expected the same number of columns in every row, received many different ones; export it again"),
    "columns": N_(
        "expected one label and a square number of pixels (64, 784, 1,024, 3,072 …), "
        "received %(columns)s columns; check what was exported"
    ),
    "columns-of-text": N_(
        "expected one label and a square number of pixels (64, 784, 1,024, 3,072 …), "
        "received %(columns)s columns, of which several hold text: %(names)s; leave out those that are not the label"
    ),
    "features": N_(
        "expected images of at least 8×8 pixels, received %(columns)s columns of numbers, which look like "
        "measurements; models here learn from images alone"
    ),
    "no-label": N_(
        "expected a column with the labels beside the pixels, received %(columns)s columns, "
        "which are pixels alone; add a column named label"
    ),
    "label-column": N_(
        "expected a column called %(column)s, the file has none; choose first, last or a name in its header"
    ),
    "choice": N_("expected %(expected)s as %(name)s, received %(received)s; choose again"),
    "class-names": N_(
        "expected names of classes such as “0 = A, 1 = B”, or “A, B, C” for all of them, received %(received)s"
    ),
    "class-names-count": N_(
        "expected a name for each of the %(expected)s classes (%(classes)s), received %(received)s; name some of them "
        "as in “0 = A, 1 = B”"
    ),
    "pixel-range": N_(
        "expected pixels from 0 to 255, from 0 to 16 or from 0 to 1, received %(low)s to %(high)s; "
        "export the pixels themselves, not standardized ones"
    ),
    "not-numbers": N_("expected numbers as pixels, received %(text)s; check what was exported"),
    "no-rows": N_("expected at least one row that can be read, received none; the first reason: %(reason)s"),
    "formula": N_(
        "expected numbers and labels, line %(line)s holds a spreadsheet formula; "
        "save values only, formulas are never computed here"
    ),
    "one-class": N_("expected images of at least two classes, received only %(class_name)s; add another class"),
    "too-many-classes": N_("expected at most %(limit)s classes, received more; check which column holds the labels"),
    "too-few": N_(
        "expected at least %(least)s images of a class so that some can be set aside for validation and test, "
        "received at most %(most)s; add images, or a test file"
    ),
    "test-shape": N_(
        "expected test images of %(expected)s pixels as the training images have, received %(received)s; "
        "choose the test file that belongs to the training file"
    ),
    "test-no-rows": N_(
        "expected at least one test row of a class that the training file has, received none; "
        "choose the test file that belongs to the training file"
    ),
    "test-in-both": N_("expected one test set, received a test file and test folders; leave one of them out"),
    "zip-damaged": N_("expected a zip archive, received one that is cut off or damaged; make it again"),
    "tar-sparse": N_(
        "expected a tar archive of whole files, received one whose file %(name)s has holes; make it again without "
        "--sparse"
    ),
    "tar-damaged": N_("expected a tar archive, received one that is cut off or damaged; make it again"),
    "zip-method": N_(
        "expected files that are stored or deflated in the archive, received %(name)s, packed by %(method)s; "
        "make the zip again with the usual method"
    ),
    "other-archive": N_("expected a zip or tar archive, received %(kind)s; unpack it and make a zip of the folder"),
    "empty-archive": N_("expected pictures in one folder per class, received an archive or a folder without any file"),
    "zip-slip": N_(
        "expected file names inside the archive, received %(name)s, which leads out of it; make the zip again"
    ),
    "zip-encrypted": N_("expected an archive without a password, received an encrypted one; make it without"),
    "symlink": N_("expected files and folders, received the link %(name)s; put the file itself there"),
    "too-many-files": N_("expected at most %(limit)s files, received more; use a part of them"),
    "total-too-large": N_("expected at most %(limit)s bytes of pictures, received more; make the pictures smaller"),
    "annotations": N_(
        "expected pictures in one folder per class, received pictures of one folder whose classes stand in files such "
        "as %(name)s; export them as folders by class, or put a table labels.csv (file, class) beside them"
    ),
    "table-alone": N_(
        "expected pixels, received a table that names files, such as %(name)s; put it into a zip together with them"
    ),
    "one-hot": N_(
        "expected one column with the labels, received %(count)s columns of which one is 1 in each row; put its "
        "number in their place"
    ),
    "zip-in-zip": N_("expected pictures in the archive, received the archive %(name)s in it; unpack that first"),
    "zip-of-tables": N_("expected pictures in the archive, received a CSV file; unpack it and send the CSV itself"),
    "looking-died": N_(
        "expected to look through the file to its end, but the process that did so was ended, perhaps for lack of "
        "memory; look again, or send a part of the file"
    ),
    "looking-memory": N_(
        "expected to look through the file to its end, which needs more memory than there is; send a part of it"
    ),
    "looking-failed": N_(
        "expected a file like those that other programs write, received one that led to an error here (%(kind)s); "
        "export it again, or send it with a report of this error"
    ),
    "no-pictures": N_(
        "expected pictures in one folder per class, such as cat/1.png, received files that are no pictures read here, "
        "such as %(name)s; put pictures there"
    ),
}

# Why a row, or a picture, is left out.
ROWS: dict[str, str] = {
    "row-cells": N_("expected %(expected)s cells, received %(received)s"),
    "row-empty-cell": N_("the cell in column %(column)s is empty"),
    "row-not-number": N_("expected a number in column %(column)s, received %(text)s"),
    "row-out-of-range": N_("expected a pixel from 0 to %(limit)s in column %(column)s, received %(text)s"),
    "row-formula": N_("column %(column)s holds a spreadsheet formula"),
    "row-quote": N_("a quotation mark is opened and not closed"),
    "row-no-label": N_("the label is empty"),
    "row-label-too-long": N_("the label is longer than %(limit)s characters"),
    "picture-unreadable": N_("%(reason)s"),
    "picture-blank": N_("nothing is drawn in it"),
    "picture-no-folder": N_("it lies in no class's folder"),
}

# What a user should know, and may want to change.
WARNINGS: dict[str, str] = {
    "bad-rows": N_("%(count)s of %(total)s rows cannot be read and are left out"),
    "bad-test-rows": N_("%(count)s of %(total)s test rows cannot be read and are left out"),
    "latin-1": N_(
        "the text is not UTF-8; it is read as Latin-1, so letters with accents in labels may come out wrong"
    ),
    "index-column": N_("column %(column)s counts the rows and is left out"),
    "label-guessed": N_("no column is clearly the label; column %(column)s is taken"),
    "inverted": N_("the images are dark on light; they are turned into light on dark, as the models expect"),
    "transposed": N_("the images lie on their side, as EMNIST's do; they are turned upright"),
    "duplicates": N_("%(count)s images are there more than once"),
    "contradictions": N_("%(count)s images are there under different labels"),
    "leaked": N_("%(count)s test images are among the training images too: the accuracy on them would flatter"),
    "imbalance": N_("class %(most)s has %(most_count)s images, class %(least)s only %(least_count)s"),
    "rare-classes": N_(
        "%(classes)s have fewer than %(least)s images: "
        "all of them are trained on, so nothing can be said of how well they are read"
    ),
    "few": N_("only %(count)s images: the accuracy measured will be very uncertain"),
    "unknown-test-classes": N_(
        "%(count)s test rows have labels that no training row has, and are left out: %(classes)s"
    ),
    "missing-test-classes": N_("no test row shows %(classes)s"),
    "test-differs": N_("full pixels are written as %(train)s in the training file and as %(test)s in the test file"),
    "resized": N_(
        "the images have %(received)s pixels; they are brought to %(expected)s, the form that the models read"
    ),
    "faint": N_("the brightest pixel is %(high)s of 255"),
    "validation-as-test": N_(
        "there is no test part: the pictures for validation are the test, and a validation part is set aside anew"
    ),
    "names-encoding": N_(
        "the archive does not say in which encoding its names are; they are read as %(encoding)s, such as %(example)s"
    ),
    "other-files": N_("%(count)s files that are no pictures are left out: %(names)s"),
    "class-names-unknown": N_("names were given to classes that are not there: %(classes)s"),
    "alike-classes": N_("only capitals or accents tell these classes apart: %(classes)s; are they the same?"),
    "encoding-guessed": N_("the text is not UTF-8; labels are read as %(encoding)s, see whether they are right"),
    "sparse": N_("empty cells are read as 0"),
    "spread": N_("all pixels of an image stand in one cell, column %(column)s"),
    "extra-columns": N_("columns that are neither label nor pixel are left out: %(columns)s"),
    "validation-merged": N_("the pictures for validation are trained on; a validation part is set aside anew"),
}

# What tells the classes and parts of pictures.
UNDERSTOOD: dict[str, str] = {
    "folders-are-classes": N_("Each of the %(count)s folders is a class."),
    "folders-are-parts": N_("%(train)s is trained on, %(test)s is the test; the folders in them are the classes."),
    "folders-hold-classes": N_("%(train)s hold the same folders, which are the classes; all of it is trained on."),
    "names-of-files": N_("The classes are the beginnings of the files’ names: %(classes)s."),
    "table-of-labels": N_("The classes are those in %(table)s, column %(column)s."),
}

MESSAGES: dict[str, str] = {**REFUSALS, **ROWS, **WARNINGS, **UNDERSTOOD}


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        code: Key in ``MESSAGES``.
        parameters: What the message's places are filled with.
    """

    code: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def sentence(self) -> Sentence:
        """The message with its values."""
        return Sentence(MESSAGES[self.code], self.parameters)

    @property
    def text(self) -> str:
        """The message in English."""
        return str(self.sentence)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it, the English text with it."""
        return {"code": self.code, "parameters": self.sentence.to_dict()["values"], "text": self.text}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Finding":
        """Return what ``to_dict`` wrote."""
        return cls(value["code"], Sentence.from_dict({"message": "", "values": value["parameters"]}).values)


def refuse(code: str, **parameters: Parameter) -> UnusableDataError:
    """Return the error of a refusal, to be raised."""
    return UnusableDataError(MESSAGES[code], code, parameters)


def excerpt(cell: bytes) -> str:
    """Return the beginning of a cell, harmless to print."""
    text = cell[: EXCERPT + 1].decode("utf-8", "replace")
    text = "".join(character if character.isprintable() else "�" for character in text)
    return repr(text[:EXCERPT] + ("…" if len(text) > EXCERPT else ""))
