"""Files that were uploaded to be trained on: kept in a folder each, looked through by a process of their own.

``keeping`` makes, finds and deletes them, ``own`` makes them of files of this machine, ``looking`` starts and ends
the process, ``worker`` is what it does. The folder ``<home>/uploads/<id>/`` holds ``train`` and, if there is one,
``test``; their bytes tell what they are.
"""

from rabisco.uploads.keeping import Upload, create, delete, files_of, get
from rabisco.uploads.looking import cancel, look, take_up
from rabisco.uploads.own import keep

__all__ = ["Upload", "cancel", "create", "delete", "files_of", "get", "keep", "look", "take_up"]
