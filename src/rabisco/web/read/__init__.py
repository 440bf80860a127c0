"""Reading pictures: pages to draw and upload on, ``/predict``, ``/explain``, and what a request may ask for."""

# Names under which a picture may be sent as a file; `file` is the documented one.
FILE_FIELD = "file"
FILE_FIELDS = (FILE_FIELD, "files", "image", "images", "img", "file[]", "files[]", "image[]", "images[]")
