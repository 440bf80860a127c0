"""Reading pictures: pages to draw and upload on, ``/predict``, ``/explain``, and what a request may ask for."""

# Names under which a picture may be sent as a file, also with brackets (``files[]``); `file` is the documented one.
FILE_FIELD = "file"
FILE_FIELDS = (
    *(FILE_FIELD, "files", "image", "images", "img", "imgs", "picture", "pictures", "pic", "photo", "photos"),
    *("drawing", "upload", "data"),
)
# Names under which clients of other demos send base64; `image` is the documented one.
TEXT_FIELDS = ("image", "imageBase64", "data", "img")
MOST_MODELS = 8  # that read the pictures of one request
USUAL_TOP_K = 3  # classes of an answer, where no other number is asked for
