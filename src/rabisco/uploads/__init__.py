"""Files that were uploaded to be trained on: kept in a folder each, looked through by a process of their own.

``storage`` keeps, queues, finds and deletes them, ``making`` makes them of files of this machine and of drawings;
``rabisco.runs.upload_worker`` looks through those that are queued. The folder ``<home>/uploads/<id>/`` holds
``train`` and, if there is one, ``test``; their bytes tell what they are.
"""

from rabisco.uploads.making import keep
from rabisco.uploads.storage import State, Upload, bring, cancel, create, delete, files_of, get, is_kept, look

__all__ = ["State", "Upload", "bring", "cancel", "create", "delete", "files_of", "get", "is_kept", "keep", "look"]
