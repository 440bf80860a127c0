"""Routes of data to be trained on and of trainings."""

from flask_babel import lazy_gettext

from rabisco.web import shapes, training_shapes
from rabisco.web.routes.route import Route

TRAINING = (
    Route(
        "POST",
        "/training",
        lazy_gettext(
            "Starts a training and answers at once with it: on the files “train” and “test” (CSV, or a zip of "
            "pictures), on an “upload”, or on a “dataset” of the catalog."
        ),
        (
            "curl -F train=@train.csv -F test=@test.csv -F epochs=12 {url}/training",
            """curl --json '{{"dataset": "digits", "preset": "seconds"}}' {url}/training""",
        ),
        answer=training_shapes.Run,
        page=True,
        receives="training",
        problems=(400, 404, 413, 415, 422, 503, 507),
        large=True,
        success=202,
    ),
    Route(
        "POST",
        "/uploads",
        lazy_gettext("Keeps files to be trained on and begins to look through them; nothing is trained yet."),
        ("curl -F train=@train.csv {url}/uploads",),
        answer=training_shapes.Upload,
        page=True,
        receives="files",
        problems=(400, 413, 415, 503, 507),
        large=True,
        success=201,
    ),
    Route(
        "POST",
        "/uploads/drawn",
        lazy_gettext("Keeps drawings, each with its class, as an upload, and begins to look through it."),
        (
            """curl --json '{{"drawings": [{{"label": "seven", "image": "'$(base64 -w0 seven.png)'"}}, """
            """{{"label": "three", "image": "'$(base64 -w0 three.png)'"}}]}}' {url}/uploads/drawn""",
        ),
        answer=training_shapes.Upload,
        receives="drawings",
        problems=(400, 413, 415, 422, 507),
        success=201,
    ),
    Route(
        "GET",
        "/uploads/<upload_id>",
        lazy_gettext("What was found in the files: how they are written, classes, bad rows, what is odd."),
        ("curl {url}/uploads/$UPLOAD",),
        answer=training_shapes.Upload,
        page=True,
        problems=(404, 507),
        guarded=True,
    ),
    Route(
        "POST",
        "/uploads/<upload_id>/inspect",
        lazy_gettext("Looks through the files again, as the sender says that they are written."),
        ("curl -d label_column=first {url}/uploads/$UPLOAD/inspect",),
        answer=training_shapes.Upload,
        page=True,
        receives="choices",
        problems=(400, 404, 422, 507),
        success=202,
    ),
    Route(
        "POST",
        "/uploads/<upload_id>/cancel",
        lazy_gettext("Stops looking through the files."),
        ("curl -X POST {url}/uploads/$UPLOAD/cancel",),
        answer=training_shapes.Upload,
        page=True,
        problems=(400, 404, 507),
        success=202,
    ),
    Route(
        "POST",
        "/uploads/<upload_id>/delete",
        lazy_gettext("Deletes the files; models that were made of them stay."),
        ("curl -X POST {url}/uploads/$UPLOAD/delete",),
        answer=shapes.Deleted,
        page=True,
        problems=(400, 404, 409, 507),
    ),
    Route(
        "GET",
        "/runs",
        lazy_gettext("Lists the trainings, the newest first; “?state=” shows those in one state."),
        ("curl {url}/runs",),
        answer=training_shapes.Runs,
        page=True,
        query=("state",),
        problems=(507,),
    ),
    Route(
        "GET",
        "/runs/<run_id>",
        lazy_gettext("How a training stands, and what it came to; the page keeps itself up to date."),
        ("curl {url}/runs/$RUN",),
        answer=training_shapes.Run,
        page=True,
        problems=(404, 507),
    ),
    Route(
        "GET",
        "/runs/<run_id>/events",
        lazy_gettext(
            "What happens in a training: as server-sent events for “Accept: text/event-stream”, going on after the "
            "header “Last-Event-ID”, and else as JSON, after the event that “?after=” names."
        ),
        ("curl {url}/runs/$RUN/events",),
        answer=training_shapes.RunEvents,
        file="text/event-stream",
        query=("after",),
        problems=(400, 404, 503, 507),
    ),
    *(
        Route(
            "POST",
            f"/runs/<run_id>/{action}",
            words,
            (f"curl -X POST {{url}}/runs/$RUN/{action}",),
            answer=training_shapes.Run,
            page=True,
            problems=(400, 404, 409, 422, 507),
            success=202,
        )
        for action, words in (
            ("stop", lazy_gettext("Ends a training and keeps the best weights so far.")),
            ("cancel", lazy_gettext("Ends a training without a result, or takes it out of the queue.")),
            ("resume", lazy_gettext("Lets a training that ended early go on from its last checkpoint.")),
            ("retry", lazy_gettext("Starts the same training again from the beginning, as a new one.")),
        )
    ),
    Route(
        "POST",
        "/runs/<run_id>/rename",
        lazy_gettext("Gives a training another “name”."),
        ("curl -d name=evening {url}/runs/$RUN/rename",),
        answer=training_shapes.Run,
        page=True,
        receives="name",
        problems=(400, 404, 422, 507),
    ),
    Route(
        "POST",
        "/runs/<run_id>/notes",
        lazy_gettext("Replaces the “notes” on a training."),
        ("curl --data-urlencode 'notes=thicker pen' {url}/runs/$RUN/notes",),
        answer=training_shapes.Run,
        page=True,
        receives="notes",
        problems=(400, 404, 422, 507),
    ),
    Route(
        "POST",
        "/runs/<run_id>/delete",
        lazy_gettext("Deletes a training that has ended, with its curves; the model that it made stays."),
        ("curl -X POST {url}/runs/$RUN/delete",),
        answer=shapes.Deleted,
        page=True,
        problems=(400, 404, 409, 507),
    ),
)
