"""What each field of the API's answers means, in the reader's language; the API page lists them, route by route."""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext
from pydantic import BaseModel

from rabisco.errors import N_

# By the field's name, or by model and name where one name means two things.
MEANINGS = {
    "accuracy": N_("share of the test images read correctly, 0 to 1; null before there is one"),
    "accuracy_high": N_("upper end of the accuracy's confidence interval"),
    "accuracy_low": N_("lower end of the accuracy's confidence interval"),
    "actions": N_("what can be asked of it now, each by POST to its address"),
    "aliases": N_("short names that mean the same model"),
    "alike": N_("other classes of the same shape, such as O and o for a 0"),
    "among": N_("what was expected to be written; nothing else is answered"),
    "answer": N_("the answer, in Markdown"),
    "KernelAnswerSchema.answer": N_("its greatest answer"),
    "KernelsSchema.answers": N_("what each kernel answers at each place of the image: PNG, as a data URL"),
    "architecture": N_("kind of network"),
    "artifact": N_("name of the model that it makes"),
    "artifact_version": N_("number of the version that it made; null before"),
    "answers": N_("what each model answered on the image"),
    "at_hand": N_("how many of them can be shown"),
    "begun": N_("whether there is a checkpoint to go on from"),
    "SweepSchema.best": N_("the training that is best on validation images, once all have ended"),
    "bias": N_("what the class has without any feature or pixel"),
    "biases": N_("of the rule by which it refuses"),
    "blank": N_("whether nothing is drawn in the picture"),
    "box": N_("where the character is, in pixels of the picture as sent"),
    "FlipSchema.box": N_("the square that was changed, in pixels that the model saw"),
    "calibration_error": N_("mean gap between the probability given and how often it is right, 0 to 1"),
    "category": N_("the most probable class"),
    "TestImageSchema.category": N_("its true class"),
    "FlipSchema.category": N_("what is read then"),
    "NeighborSchema.category": N_("the class that it was trained as"),
    "EvidenceSchema.category": N_("the class"),
    "category_index": N_("its number among the model's classes, from 0"),
    "change": N_("“erased” or “added”"),
    "characters": N_("the characters, in reading order"),
    "class_names": N_("the classes, in the order of their numbers"),
    "cluster": N_("the cluster on which trainings run; null where that is the server’s machine"),
    "cpus": N_("processors"),
    "ClusterState.fault": N_("why it cannot be reached; empty if it can"),
    "ClusterState.free": N_("what all its machines together have left"),
    "gpus": N_("GPUs"),
    "memory": N_("memory, in bytes"),
    "ClusterState.moment": N_("when that was said, in seconds since 1970"),
    "ClusterNode.name": N_("name of the machine"),
    "SweepSchema.name": N_("name of the sweep"),
    "nodes": N_("its machines"),
    "original_class_names": N_("what the data call the classes, where these were given other names; else empty"),
    "classes": N_("the classes"),
    "code": N_("what it is, for programs"),
    "column": N_("column in the map, from 0; null where the feature is made of all of it"),
    "KernelAnswerSchema.column": N_("column, from 0"),
    "columns": N_("how many pictures stand in a row of the image"),
    "configuration": N_("how it is trained: epochs, batch size, learning rate and the rest"),
    "confusions": N_("confusion matrix of the test images: a row is the true class, a column what was read"),
    "corrections": N_("the corrections"),
    "corrupted_accuracy": N_("mean accuracy on damaged test images; null if not measured"),
    "FeaturesSchema.count": N_("how many features there are"),
    "counted": N_("how many test images that was counted on; 0 if the model keeps none"),
    "count": N_("how many images there are"),
    "created": N_("when it was made, ISO 8601"),
    "current": N_("whether it answers now"),
    "damaged": N_("models that cannot be read, each with the reason"),
    "data": N_("what it is trained on"),
    "dataset": N_("name of the data set"),
    "Card.dataset": N_("the data it learned from, and how they were split"),
    "datasets": N_("the data sets"),
    "default": N_("the model that answers when a request names none"),
    "Versions.default": N_("whether the model answers when a request names none"),
    "default_model": N_("the model that answers when a request names none"),
    "deleted": N_("what was deleted"),
    "DeletedCorrections.deleted": N_("how many corrections were deleted"),
    "detail": N_("what was expected, what was received, and what to do"),
    "difference": N_("accuracy of the first minus that of the second, -1 to 1"),
    "difference_high": N_("upper end of its confidence interval"),
    "difference_low": N_("lower end of its confidence interval"),
    "distance": N_("how far apart the features are"),
    "doubt": N_("above 0.5 the picture is refused; null if the model has no rule"),
    "ended": N_("when it ended; null before"),
    "RunEvents.ended": N_("whether nothing more will happen"),
    "epochs": N_("how many epochs it has trained"),
    "error": N_("why it cannot be read, in the form of every error"),
    "examined": N_("how many images were looked at"),
    "events": N_("what happened, in order"),
    "RunSchema.events": N_("address at which its events are told"),
    "evidence": N_("of a linear model: what each pixel adds to each class, of ten at most"),
    "examples": N_("how many test images both read"),
    "explanations": N_("one for each picture, in their order"),
    "features": N_("what the rule looks at"),
    "ExplanationSchema.features": N_("the features that decided; null of a linear model"),
    "files": N_("checksums of its files, SHA-256"),
    "fingerprint": N_("checksum of the data"),
    "first": N_("name of one model"),
    "found": N_("how many labels are suspected"),
    "fitted_on": N_("how many pictures the rule was fitted on"),
    "flips": N_("the smallest changes, of those tried, that flip the answer; only with “parts=flips”"),
    "grad_cam": N_("where the last maps speak for the answer; null of a linear model"),
    "hardware": N_("machine that trained it"),
    "hardest": N_("the images whose labels are least probable of those that are not suspected"),
    "has_test": N_("whether test data came along"),
    "height": N_("height of the picture as sent, in pixels"),
    "BoxSchema.height": N_("height in pixels"),
    "here": N_("whether it is on this machine"),
    "history": N_("loss and accuracy after each epoch"),
    "homepage": N_("where it is described"),
    "html": N_("the same as safe HTML"),
    "id": N_("its id, for later requests"),
    "image": N_("PNG, as a data URL"),
    "ExplanationSchema.image": N_("what the model saw, colored by what mattered: PNG, as a data URL"),
    "image_shape": N_("height, width and channels of an image"),
    "images": N_("those of this page"),
    "importance": N_("for each pixel, how much less probable the answer becomes when it is covered, -1 to 1"),
    "index": N_("its number, from 0"),
    "inference_ms": N_("milliseconds for one image, the model alone, median; null if not measured"),
    "inference_ratio": N_("that time against the first model's in the same run"),
    "inspection": N_("what was found in the files, once they have been checked"),
    "kernels": N_("the kernels of the first layer; null of a linear model"),
    "load_ms": N_("milliseconds from the model's files to a session that answers, median; null if not measured"),
    "memory_bytes": N_("memory that the model takes once it is loaded and has read an image; null if not measured"),
    "kind": N_("what kind of event"),
    "key": N_("names the image by its pixels, so that it can be left out"),
    "label": N_("its label, as given"),
    "last": N_("number of the last event; ask again with “after=” and this number"),
    "last_event": N_("number of its last event"),
    "latency_ms": N_("milliseconds that reading took"),
    "learned": N_("whether it reads clearly better than guessing; null without a model"),
    "left": N_("distance from the left edge, in pixels"),
    "licence": N_("terms, as its authors state them"),
    "line": N_("number of its line, from 0 at the top"),
    "logit": N_("what the class gets before it becomes a probability: the sum of all parts and the bias"),
    "map": N_("which map of the last stage it comes from, from 0"),
    "means": N_("mean of each feature"),
    "margin": N_("probability of the label less that of the most probable other class"),
    "message": N_("what happened, for people"),
    "metrics": N_("figures of the test and validation images"),
    "model": N_("name of the model"),
    "models": N_("the models"),
    "Ready.models": N_("names of the models"),
    "Ready.storage": N_("whether the object store answers: ok or away; empty without one"),
    "multiply_adds": N_("multiplications, each with its addition, for one image; null if not counted"),
    "name": N_("its name"),
    "UnreadPicture.name": N_("name of the file"),
    "StepSchema.name": N_("name of the step, for programs"),
    "nearest": N_("the training images that the model takes for most alike; null if there are none to show"),
    "normalizer": N_("what makes images of pictures for it"),
    "note": N_("a word about where the answer comes from"),
    "notes": N_("notes, for people"),
    "Predictions.notes": N_("a sentence on each picture that was read although its file is incomplete"),
    "Explanations.notes": N_("a sentence on each picture that was read although its file is incomplete"),
    "number": N_("its number, from 1 without gaps"),
    "only_first": N_("images that only the first reads correctly"),
    "only_second": N_("images that only the second reads correctly"),
    "onnx_bytes": N_("size of model.onnx in bytes"),
    "p_value": N_("McNemar's exact test: how probable such a difference is by chance"),
    "page": N_("address of its page"),
    "Corrections.page": N_("number of this page, from 1"),
    "AssistantPage.page": N_("which page"),
    "pages": N_("how many pages there are"),
    "AssistantAnswer.pages": N_("pages of the documentation that the answer comes from"),
    "pairs": N_("each two models that read the same images"),
    "parameters": N_("how many weights it has"),
    "UploadFinding.parameters": N_("the values in the text"),
    "part": N_("value times weight"),
    "payload": N_("what there is to say of it"),
    "pictures": N_("how many pictures they are of"),
    "predict": N_("address at which it is asked"),
    "predicted": N_("what the model read"),
    "predictions": N_("one for each picture, in their order"),
    "previous": N_("whether a rollback goes to it"),
    "probability": N_("how sure the model is, 0 to 1; calibrated"),
    "FlipSchema.probability": N_("how sure the model is then, 0 to 1; calibrated"),
    "progress": N_("the last batch: epoch, step, loss, accuracy, time left"),
    "queued": N_("when it was last put into the queue"),
    "reason": N_("why it is refused, for programs"),
    "reliability": N_("how often it is right when it is so sure, in intervals"),
    "refusal": N_("why the files cannot be read; null if they can"),
    "Card.refusal": N_("rule by which it refuses pictures; null without one"),
    "refused": N_("why the picture should not be read; null if it should"),
    "refused_below": N_("smallest probability that is not refused; null without such a rule"),
    "remembered": N_("whether a correction of such a picture answers"),
    "report": N_("what became better and worse by training on corrections; null without"),
    "request": N_("what was asked for"),
    "retry_of": N_("id of the training that it repeats; null if none"),
    "right": N_("whether the model was right"),
    "roc_auc": N_("ROC AUC, 0.5 is guessing and 1 perfect; null if not measured"),
    "row": N_("its place among the test images, from 0"),
    "FeatureSchema.row": N_("row in the map, from 0; null where the feature is made of all of it"),
    "KernelAnswerSchema.row": N_("row, from 0"),
    "rows": N_("rows or images checked so far"),
    "run": N_("id of the training that made it"),
    "runs": N_("the trainings, the newest first"),
    "said": N_("the notes as sentences with their values"),
    "scales": N_("spread of each feature"),
    "second": N_("name of the other model"),
    "seed": N_("number that everything random begins with"),
    "shape": N_("height, width and number of the maps"),
    "KernelsSchema.shape": N_("number, height, width and channels"),
    "share": N_("how much is done, 0 to 1; null if unknown"),
    "size": N_("bytes of all files"),
    "TestImagesSchema.source": N_("“data set”, “artifact” (kept with the model) or “measurement”; else “none”"),
    "source": N_("“model” or “documentation”"),
    "speaking_against": N_("the features that take most away from the logit"),
    "speaking_for": N_("the features that add most to the logit"),
    "split_seed": N_("number that drew the validation images"),
    "stage": N_("the stage whose maps they are"),
    "stages": N_("the maps of each stage, from the first; empty of a linear model"),
    "started": N_("when it began; null before"),
    "state": N_("where it stands"),
    "status": N_("“ready” or “live”"),
    "Problem.status": N_("the HTTP status"),
    "steps": N_("how the picture was prepared; only with “steps=1”"),
    "strongest": N_("the greatest value of each map"),
    "KernelsSchema.strongest": N_("where each kernel answers most, and what"),
    "suggested": N_("what it seems to be"),
    "suspected": N_("the images whose labels are probably wrong, the surest first"),
    "sweeps": N_("the sweeps, the newest first"),
    "taught": N_("the models that know the picture from now on"),
    "Card.taught": N_("how many pictures it was taught one by one"),
    "temperature": N_("what its logits are divided by, so that probabilities are honest"),
    "test_accuracy_high": N_("upper end of its confidence interval"),
    "test_accuracy_low": N_("lower end of its confidence interval"),
    "test_accuracy": N_("accuracy of the best on the test images, 0 to 1"),
    "test_examples": N_("how many test images"),
    "text": N_("the text: lines are separated by line feeds, words by spaces"),
    "UploadFinding.text": N_("what it is, for people"),
    "threshold": N_("doubt above which it refuses"),
    "title": N_("what it is called, for people"),
    "tools": N_("what the language model looked up"),
    "top": N_("distance from the upper edge, in pixels"),
    "top_k": N_("the most probable classes, best first"),
    "total": N_("how many there are in all"),
    "train_examples": N_("how many images to train on"),
    "training_seconds": N_("how long training took, in seconds"),
    "trainings": N_("its trainings, the oldest first"),
    "true_label": N_("what it really is; null if it is no character"),
    "type": N_("what kind of error, for programs"),
    "unchanged": N_("how many test images are answered as before"),
    "validation_accuracy": N_("accuracy on the validation images, 0 to 1"),
    "validation_examples": N_("how many validation images"),
    "value": N_("its value"),
    "values": N_("for each pixel or place, row by row"),
    "TrialSchema.values": N_("the settings in which it differs from the others"),
    "version": N_("number of the version; 0 came with Rabisco"),
    "versions": N_("its versions, the newest first"),
    "Card.versions": N_("versions of the programs that trained it"),
    "wanted": N_("what it was asked to do and has not done yet"),
    "weight": N_("its weight for the class"),
    "weights": N_("of the rule by which it refuses"),
    "EvidenceSchema.weights": N_("what the class looks for: PNG, as a data URL"),
    "weights_bytes": N_("size of pesos.h5 in bytes"),
    "width": N_("width of the picture as sent, in pixels"),
    "BoxSchema.width": N_("width in pixels"),
}


@dataclass(frozen=True)
class AnsweredField:
    """A field of an answer.

    Attributes:
        path: Where it is: ``predictions[].top_k[].category``.
        meaning: What it says, in the reader's language.
    """

    path: str
    meaning: str


def fields_of(model: type[BaseModel]) -> list[AnsweredField]:
    """Return every field of an answer, and of what it holds, in order; of variants each field once."""
    return list({one.path: one for one in _walk(model, "")}.values())


def meaning_of(model: type[BaseModel], name: str) -> str:
    """Return what a field means, as it is written in the table.

    Raises:
        KeyError: Nobody has said so yet.
    """
    owners = [base.__name__ for base in model.__mro__ if issubclass(base, BaseModel)]
    return next((MEANINGS[key] for owner in owners if (key := f"{owner}.{name}") in MEANINGS), "") or MEANINGS[name]


def _walk(model: type[BaseModel], prefix: str) -> Iterator[AnsweredField]:
    for name, field in model.model_fields.items():
        listed, held = _held(field.annotation)
        path = f"{prefix}{name}{'[]' if listed else ''}"
        yield AnsweredField(path, gettext(meaning_of(model, name)))
        for inner in held:
            yield from _walk(inner, f"{path}.")


def _held(annotation: object) -> tuple[bool, list[type[BaseModel]]]:
    """Return whether a field is a list of models, and the models that it may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return False, [annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (list, tuple):
        _, held = _held(arguments[0])
        return bool(held), held
    if origin in (typing.Union, types.UnionType):
        found = [_held(argument) for argument in arguments]
        return any(listed for listed, _ in found), [model for _, held in found for model in held]
    return False, []
