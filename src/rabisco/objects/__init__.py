"""Files in an object store that servers share: what the setting ``storage`` names, by way of ``s3fs``.

::

    objects/<sha256>                files of models' versions, written once; several versions may hold one
    <place>/<sha256>                files of another folder of the home: ``uploads/<id>``, ``runs/<id>/checkpoints``
    manifests/<place>.json          which objects the files of a folder are; a folder is there once its manifest is
    manifests/files/<place>         small files of the home as they are, such as how far a comparison of models is
    manifests/secret_key            the key that signs cookies; where it is missing, the store is not ours

A file is hashed before it is sent and after it has come. A manifest is small, and is made by one server alone. The
modules that own a folder say what is sent and fetched; without the setting, none of this is imported or asked.

``buckets`` knows objects, ``folders`` the files of a folder and what was last seen of the store.
"""

from rabisco.objects.buckets import OLD, Bucket, DamagedObjectError, bucket, forget_connection, haste, patience
from rabisco.objects.folders import (
    MANIFESTS,
    SECRET_KEY,
    fetch_folder,
    from_text,
    manifest_key,
    manifest_of,
    remember,
    remembered,
    remove_folder,
    send_folder,
    share,
    state,
    take,
    to_text,
)

__all__ = [
    "MANIFESTS",
    "OLD",
    "SECRET_KEY",
    "Bucket",
    "DamagedObjectError",
    "bucket",
    "fetch_folder",
    "forget_connection",
    "from_text",
    "haste",
    "manifest_key",
    "manifest_of",
    "patience",
    "remember",
    "remembered",
    "remove_folder",
    "send_folder",
    "share",
    "state",
    "take",
    "to_text",
]
