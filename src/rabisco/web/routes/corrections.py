"""Routes of what readers say of predictions."""

from flask_babel import lazy_gettext

from rabisco.web import shapes, training_shapes
from rabisco.web.routes.route import Route

CORRECTIONS = (
    Route(
        "GET",
        "/corrections",
        lazy_gettext(
            "Lists what this browser corrected, newest first; “?show=wrong” only what was misread. “total” counts the "
            "corrections, “pictures” the pictures, which several models may have read."
        ),
        ("curl -b cookies.txt '{url}/corrections?show=wrong'",),
        answer=shapes.Corrections,
        page=True,
        query=("page", "show"),
        problems=(404, 503, 507),
    ),
    Route(
        "POST",
        "/corrections",
        lazy_gettext(
            "Stores a picture, what models read in it and what it really is, with consent; a random cookie makes it "
            "yours."
        ),
        (
            """curl --json '{{"image": "'$(base64 -w0 seven.png)'", "true_label": "7", "consent": true, "readings": """
            """[{{"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}}]}}' -c cookies.txt """
            "{url}/corrections",
        ),
        answer=shapes.StoredCorrections,
        page=True,
        receives="correction",
        problems=(400, 404, 408, 413, 415, 422, 503, 507),
        open="each browser reaches only its own",
    ),
    Route(
        "POST",
        "/corrections/retrain",
        lazy_gettext(
            "Starts a training of “model” on what readers corrected, beside its original images. The run’s “report” "
            "says what became better and worse; the new version answers only when it is told to."
        ),
        ("curl -d model=mnist-cnn {url}/corrections/retrain",),
        answer=training_shapes.Run,
        page=True,
        receives="model",
        problems=(400, 404, 422, 503, 507),
        success=202,
    ),
    Route(
        "DELETE",
        "/corrections/<number>",
        lazy_gettext("Deletes one of them for good."),
        ("curl -b cookies.txt -X DELETE {url}/corrections/$CORRECTION",),
        answer=shapes.DeletedCorrections,
        page=True,
        problems=(404, 507),
        open="each browser reaches only its own",
    ),
    Route(
        "POST",
        "/corrections/<number>/delete",
        lazy_gettext("Deletes its picture for good, with all that was said of it."),
        ("curl -b cookies.txt -X POST {url}/corrections/$CORRECTION/delete",),
        answer=shapes.DeletedCorrections,
        page=True,
        problems=(404, 507),
        open="each browser reaches only its own",
    ),
    Route(
        "POST",
        "/corrections/delete",
        lazy_gettext("Deletes everything that this browser stored."),
        ("curl -b cookies.txt -X POST {url}/corrections/delete",),
        answer=shapes.DeletedCorrections,
        page=True,
        problems=(507,),
        open="each browser reaches only its own",
    ),
    Route(
        "GET",
        "/corrections/export",
        lazy_gettext("Sends everything that this browser stored: a zip of the pictures, a CSV and the same as JSON."),
        ("curl -b cookies.txt -o corrections.zip {url}/corrections/export",),
        file="application/zip",
        problems=(507,),
    ),
)
