"""Reading pictures by the thousand: from a folder, an archive or a table, on all cores, into one file."""

from rabisco.bulk.answers import read_one, read_text
from rabisco.bulk.reading import read_bulk
from rabisco.bulk.writing import BulkTally, begun_with, errors_of

__all__ = ["BulkTally", "begun_with", "errors_of", "read_bulk", "read_one", "read_text"]
