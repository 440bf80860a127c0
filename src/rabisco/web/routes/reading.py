"""Routes that read pictures, and those of the models that do."""

from flask_babel import lazy_gettext

from rabisco.web import shapes
from rabisco.web.routes.route import Route

_VERSION_PROBLEMS = (404, 409, 503, 507)
_PREDICT_PROBLEMS = (400, 404, 408, 413, 415, 422, 503)

READING = (
    Route(
        "POST",
        "/predict",
        lazy_gettext(
            "Reads one or more pictures with the default model and answers in their order. Another model is "
            "chosen with “?model=”; “?steps=1” adds how each picture was prepared. With “characters=many”, in the "
            "address or beside the picture, every character is read: the string, and for each its place. "
            "“among=letters” says what is written, so that an O is not answered as a 0; “digits”, “capitals” and "
            "“small-letters” likewise."
        ),
        (
            "curl -F file=@seven.png {url}/predict",
            "curl -F file=@seven.png -F file=@three.png '{url}/predict?model=linear'",
            "curl -H 'Content-Type: image/png' --data-binary @seven.png '{url}/predict?steps=1'",
            "curl -F file=@seven.png -F characters=many {url}/predict",
            "curl -F file=@seven.png '{url}/predict?model=emnist-cnn&among=digits'",
        ),
        answer=shapes.Predictions,
        receives="any",
        query=("model", "steps", "characters", "among"),
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
        query=("steps", "characters", "among"),
        problems=_PREDICT_PROBLEMS,
        open="it changes nothing",
    ),
    Route(
        "POST",
        "/explain",
        lazy_gettext(
            "Reads up to eight pictures and says which parts of each mattered: how much less probable the answer "
            "becomes where a part is covered."
        ),
        ("curl -F file=@seven.png '{url}/explain?model=cnn'",),
        answer=shapes.Explanations,
        receives="any",
        query=("model", "among"),
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
)
