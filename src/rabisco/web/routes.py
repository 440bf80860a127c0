"""Every route in one table: what the API page and the OpenAPI document say of it. Tests hold the application to it."""

from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext
from pydantic import BaseModel

from rabisco.web import shapes


@dataclass(frozen=True)
class Route:
    """One route as its documentation shows it.

    Attributes:
        method: ``GET`` or ``POST``.
        path: The rule, as Flask writes it.
        summary: What it does, in the reader's language.
        examples: Commands; ``{url}`` stands for the address of this server.
        answer: The shape of its JSON; ``None`` if it answers with a page only.
        page: Whether a browser gets a page.
        plain: Whether it answers with plain text.
        file: Media type of the file that it answers with.
        receives: The pictures it takes: ``any`` accepted form, or only those of a ``form``, or none; or a body of
            ``rabisco.web.training_bodies``.
        query: Parameters after the question mark.
        problems: Statuses that it may answer besides those that every route may.
        guarded: Whether it asks for the access token though it is a ``GET``; others do unless they are ``open``.
        success: Status of the answer when all is well; a browser's form is led on to a page instead (303).
        open: Why anybody may use it though it is no ``GET``.
        large: Whether its body may be as large as training data are (``RABISCO_MAX_TRAINING_BYTES``).
    """

    method: str
    path: str
    summary: LazyString
    examples: tuple[str, ...] = ()
    answer: type[BaseModel] | None = None
    page: bool = False
    plain: bool = False
    file: str = ""
    receives: str = ""
    query: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()
    large: bool = False
    guarded: bool = False
    success: int = 200
    open: str = ""

    @property
    def needs_access(self) -> bool:
        """Whether it asks for the access token."""
        return self.guarded or (self.method != "GET" and not self.open)


_VERSION_PROBLEMS = (404, 409, 503, 507)
_PREDICT_PROBLEMS = (400, 404, 408, 413, 415, 503)

ROUTES = (
    Route(
        "POST",
        "/predict",
        lazy_gettext(
            "Reads one or more pictures with the default model and answers in their order. Another model is "
            "chosen with “?model=”; “?steps=1” adds how each picture was prepared. With “characters=many”, in the "
            "address or beside the picture, every character is read: the string, and for each its place."
        ),
        (
            "curl -F file=@seven.png {url}/predict",
            "curl -F file=@seven.png -F file=@three.png '{url}/predict?model=linear'",
            "curl -H 'Content-Type: image/png' --data-binary @seven.png '{url}/predict?steps=1'",
            "curl -F file=@seven.png -F characters=many {url}/predict",
        ),
        answer=shapes.Predictions,
        receives="any",
        query=("model", "steps", "characters"),
        problems=_PREDICT_PROBLEMS,
        open="it changes nothing",
    ),
    Route(
        "POST",
        "/predict/<model>",
        lazy_gettext(
            "The same with the model named in the address: “cnn”, “linear”, or the name of any model. Pictures may "
            "also be sent as base64 text or data URL, in JSON or in a form field."
        ),
        (
            "curl -F file=@seven.png {url}/predict/cnn",
            """curl --json '{{"image": "'$(base64 -w0 seven.png)'"}}' {url}/predict/linear""",
            "curl --data-urlencode image@seven.b64 {url}/predict/cnn",
        ),
        answer=shapes.Predictions,
        receives="any",
        query=("steps", "characters"),
        problems=_PREDICT_PROBLEMS,
        open="it changes nothing",
    ),
    Route(
        "GET",
        "/models",
        lazy_gettext("Lists the models: what each learned from and how often it is right."),
        ("curl {url}/models",),
        answer=shapes.Models,
        page=True,
    ),
    Route(
        "GET",
        "/models/<name>",
        lazy_gettext("Answers one model's whole card, with its training curve and the hashes of its files."),
        ("curl {url}/models/mnist-cnn",),
        answer=shapes.Card,
        page=True,
        query=("version",),
        problems=(404, 503),
    ),
    Route(
        "GET",
        "/models/<name>/versions",
        lazy_gettext("Lists the versions of a model: each save is one, and earlier ones are kept."),
        ("curl {url}/models/mnist-cnn/versions",),
        answer=shapes.Versions,
        problems=(404, 503),
    ),
    Route(
        "POST",
        "/models/<name>/versions/<version>/use",
        lazy_gettext("Lets that version of the model answer from now on, in every process of the server."),
        ("curl -X POST {url}/models/mine/versions/1/use",),
        answer=shapes.Versions,
        page=True,
        problems=_VERSION_PROBLEMS,
    ),
    Route(
        "POST",
        "/models/<name>/rollback",
        lazy_gettext("Lets the version answer again that did before; the same bytes, so the same predictions."),
        ("curl -X POST {url}/models/mine/rollback",),
        answer=shapes.Versions,
        page=True,
        problems=_VERSION_PROBLEMS,
    ),
    Route(
        "POST",
        "/models/<name>/versions/<version>/delete",
        lazy_gettext("Deletes that version for good; the one that answers and the bundled one cannot be deleted."),
        ("curl -X POST {url}/models/mine/versions/1/delete",),
        answer=shapes.Versions,
        page=True,
        problems=_VERSION_PROBLEMS,
    ),
    Route(
        "POST",
        "/models/<name>/delete",
        lazy_gettext("Deletes every version of the model that was trained here; a bundled one answers again."),
        ("curl -X POST {url}/models/mine/delete",),
        answer=shapes.Deleted,
        page=True,
        problems=_VERSION_PROBLEMS,
    ),
    Route(
        "POST",
        "/models/<name>/promote",
        lazy_gettext("Lets the model answer by default: when a request to “/predict” names none."),
        ("curl -X POST {url}/models/mine/promote",),
        answer=shapes.Versions,
        page=True,
        problems=_VERSION_PROBLEMS,
    ),
    Route(
        "POST",
        "/models/rollback",
        lazy_gettext("Lets the model answer by default that did before the last one was promoted."),
        ("curl -X POST {url}/models/rollback",),
        answer=shapes.Versions,
        page=True,
        problems=_VERSION_PROBLEMS,
    ),
    Route(
        "GET",
        "/models/<name>/pesos.h5",
        lazy_gettext("The weights of a model as a file for Keras (HDF5); “?version=” chooses the version."),
        ("curl -o pesos.h5 {url}/models/mnist-linear/pesos.h5",),
        file="application/x-hdf5",
        query=("version",),
        problems=(404, 503),
    ),
    Route(
        "GET",
        "/models/<name>/model.onnx",
        lazy_gettext("The same model as a file for ONNX Runtime."),
        ("curl -o model.onnx {url}/models/mnist-linear/model.onnx",),
        file="application/octet-stream",
        query=("version",),
        problems=(404, 503),
    ),
    Route(
        "GET",
        "/models/<name>/card.json",
        lazy_gettext("Its card as a file, with the hashes of the other two."),
        ("curl -O {url}/models/mnist-linear/card.json",),
        answer=shapes.Card,
        query=("version",),
        problems=(404, 503),
    ),
    Route(
        "GET",
        "/corrections",
        lazy_gettext("Lists what this browser corrected, newest first; “?show=wrong” only what was misread."),
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
        problems=(400, 404, 408, 413, 415, 503, 507),
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
        answer=shapes.Run,
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
        lazy_gettext("The same, for forms."),
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
    Route(
        "GET",
        "/health",
        lazy_gettext("Answers 200 when predictions can be made, and 503 with the reason when they cannot."),
        ("curl {url}/health",),
        answer=shapes.Ready,
        problems=(503,),
    ),
    Route(
        "GET",
        "/health/ready",
        lazy_gettext("The same, under the name that orchestrators use."),
        ("curl {url}/health/ready",),
        answer=shapes.Ready,
        problems=(503,),
    ),
    Route(
        "GET",
        "/health/live",
        lazy_gettext("Answers 200 as long as the process answers at all."),
        ("curl {url}/health/live",),
        answer=shapes.Live,
    ),
    Route(
        "GET",
        "/metrics",
        lazy_gettext("Counts of requests and predictions, and times, as Prometheus reads them."),
        ("curl {url}/metrics",),
        plain=True,
    ),
    Route(
        "GET",
        "/",
        lazy_gettext("The page to draw on; every model reads after each stroke."),
        ("curl {url}/",),
        page=True,
        query=("model", "characters"),
        problems=(400, 404, 503),
    ),
    Route(
        "GET",
        "/upload",
        lazy_gettext("The page with a form for pictures; it works without JavaScript."),
        ("curl '{url}/upload?model=linear'",),
        page=True,
        query=("model", "characters"),
        problems=(400, 404, 503),
    ),
    Route(
        "POST",
        "/upload",
        lazy_gettext("What the form sends: the page shows each picture and its digit."),
        ("curl -F file=@seven.png {url}/upload",),
        page=True,
        receives="form",
        query=("model", "characters"),
        problems=(400, 404, 408, 413, 503),
        open="it changes nothing",
    ),
    Route(
        "GET",
        "/train",
        lazy_gettext(
            "The page on which data are chosen and trained on; “?dataset=” chooses a data set of the catalog."
        ),
        ("curl '{url}/train?dataset=digits'",),
        page=True,
        query=("dataset",),
        problems=(404,),
    ),
    Route(
        "GET",
        "/entrainer-le-modele",
        lazy_gettext("The same page under its French name."),
        ("curl {url}/entrainer-le-modele",),
        page=True,
        query=("dataset",),
        problems=(404,),
    ),
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
        answer=shapes.Run,
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
        answer=shapes.Upload,
        page=True,
        receives="files",
        problems=(400, 413, 415, 503, 507),
        large=True,
        success=201,
    ),
    Route(
        "GET",
        "/train/draw",
        lazy_gettext("The page on which a data set of one's own is drawn: “each” drawings of each of the “classes”."),
        ("curl '{url}/train/draw?classes=ja+nein&each=10'",),
        page=True,
        query=("classes", "each"),
    ),
    Route(
        "POST",
        "/uploads/drawn",
        lazy_gettext("Keeps drawings, each with its class, as an upload, and begins to look through it."),
        (
            """curl --json '{{"drawings": [{{"label": "seven", "image": "'$(base64 -w0 seven.png)'"}}, """
            """{{"label": "three", "image": "'$(base64 -w0 three.png)'"}}]}}' {url}/uploads/drawn""",
        ),
        answer=shapes.Upload,
        receives="drawings",
        problems=(400, 413, 415, 507),
        success=201,
    ),
    Route(
        "GET",
        "/uploads/<upload_id>",
        lazy_gettext("What was found in the files: how they are written, classes, bad rows, what is odd."),
        ("curl {url}/uploads/$UPLOAD",),
        answer=shapes.Upload,
        page=True,
        problems=(404, 507),
        guarded=True,
    ),
    Route(
        "POST",
        "/uploads/<upload_id>/inspect",
        lazy_gettext("Looks through the files again, as the sender says that they are written."),
        ("curl -d label_column=first {url}/uploads/$UPLOAD/inspect",),
        answer=shapes.Upload,
        page=True,
        receives="choices",
        problems=(400, 404, 507),
        success=202,
    ),
    Route(
        "POST",
        "/uploads/<upload_id>/cancel",
        lazy_gettext("Stops looking through the files."),
        ("curl -X POST {url}/uploads/$UPLOAD/cancel",),
        answer=shapes.Upload,
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
        answer=shapes.Runs,
        page=True,
        query=("state",),
        problems=(507,),
    ),
    Route(
        "GET",
        "/runs/<run_id>",
        lazy_gettext("How a training stands, and what it came to; the page keeps itself up to date."),
        ("curl {url}/runs/$RUN",),
        answer=shapes.Run,
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
        answer=shapes.RunEvents,
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
            answer=shapes.Run,
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
        answer=shapes.Run,
        page=True,
        receives="name",
        problems=(400, 404, 422, 507),
    ),
    Route(
        "POST",
        "/runs/<run_id>/notes",
        lazy_gettext("Replaces the “notes” on a training."),
        ("curl --data-urlencode 'notes=thicker pen' {url}/runs/$RUN/notes",),
        answer=shapes.Run,
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
    Route(
        "GET",
        "/compare",
        lazy_gettext(
            "Models side by side: accuracy with its interval, ROC AUC, calibration, size and times. “?model=”, given "
            "several times, chooses them; what was not measured is null."
        ),
        ("curl '{url}/compare?model=cnn&model=linear'",),
        answer=shapes.Comparison,
        page=True,
        query=("model",),
        problems=(404, 503),
    ),
    Route(
        "GET",
        "/assistant",
        lazy_gettext("The page on which a question is asked."),
        ("curl {url}/assistant",),
        page=True,
        query=("question",),
    ),
    Route(
        "GET",
        "/assistance",
        lazy_gettext("The same page under its French name."),
        ("curl {url}/assistance",),
        page=True,
    ),
    Route(
        "GET",
        "/model",
        lazy_gettext("Takes the question of that page; answers 503 until an assistant is configured."),
        ("curl -G --data-urlencode 'question=Why is a 7 read as a 1?' {url}/model",),
        page=True,
        query=("question",),
        problems=(400, 503),
        guarded=True,
    ),
    Route(
        "GET",
        "/sign-in",
        lazy_gettext("The page that asks for the access token and remembers it in a cookie."),
        ("curl {url}/sign-in",),
        page=True,
        query=("next",),
    ),
    Route(
        "POST",
        "/sign-in",
        lazy_gettext("What its form sends; programs send “Authorization: Bearer …” with each request instead."),
        ("curl -c cookies.txt -d token=$RABISCO_ACCESS_TOKEN {url}/sign-in",),
        page=True,
        receives="token",
        problems=(400, 401, 403),
        open="it is how one gets access",
    ),
    Route(
        "POST",
        "/sign-out",
        lazy_gettext("Forgets the access token."),
        ("curl -b cookies.txt -X POST {url}/sign-out",),
        page=True,
        problems=(403,),
        open="it gives access up",
    ),
    Route("GET", "/docs", lazy_gettext("This page."), ("curl {url}/docs",), page=True),
    Route(
        "GET",
        "/openapi.json",
        lazy_gettext("These routes as an OpenAPI 3.1 document, from which programs make their own clients."),
        ("curl {url}/openapi.json",),
        answer=shapes.OpenAPI,
    ),
)
