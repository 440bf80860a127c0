"""A user's own data, a CSV file or pictures by class, become a ``Dataset``, and are shown before anything is trained.

``inspect`` says how the data are written and what is odd about them, ``load`` makes the data set. ``lines`` reads text
in blocks, ``cells`` makes pixels of it, ``columns``, ``appearance`` and ``table`` find the dialect, ``archive``,
``tar``, ``labels`` and ``pictures`` read pictures, ``tally`` counts, ``naming`` names the classes, ``findings`` has
the words. Nothing here trusts a file, and nothing holds one in memory.
"""

from rabisco.intake.findings import MESSAGES, Finding
from rabisco.intake.inspection import inspect
from rabisco.intake.loading import load
from rabisco.intake.report import BadRow, Choices, ClassCount, Dialect, Inspection, PartReport

__all__ = [
    "MESSAGES",
    "BadRow",
    "Choices",
    "ClassCount",
    "Dialect",
    "Finding",
    "Inspection",
    "PartReport",
    "inspect",
    "load",
]
