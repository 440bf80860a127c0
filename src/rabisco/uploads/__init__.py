"""Files that were uploaded to be trained on: kept in a folder each, looked through by a process of their own.

``keeping`` makes, queues, finds and deletes them, ``own`` makes them of files of this machine, ``drawings`` of
drawings; ``rabisco.runs.upload_worker`` looks through those that are queued. The folder ``<home>/uploads/<id>/`` holds
``train`` and, if there is one, ``test``; their bytes tell what they are.
"""

from rabisco.uploads.keeping import State, Upload, bring, cancel, create, delete, files_of, get, is_kept, look
from rabisco.uploads.own import keep

__all__ = ["State", "Upload", "bring", "cancel", "create", "delete", "files_of", "get", "is_kept", "keep", "look"]
