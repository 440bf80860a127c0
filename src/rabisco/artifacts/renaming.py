"""The classes of a model get other names: a new version of the same weights, undone like any."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rabisco.artifacts.loading import Artifact, load_artifact
from rabisco.artifacts.notes import RENAMED, with_note
from rabisco.artifacts.places import BUNDLED
from rabisco.artifacts.saving import save_again
from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.memory import Memory


def rename_classes(name: str, given: Mapping[str, str] | Sequence[str]) -> Artifact:
    """Make a version of a model whose classes are called otherwise, and let it answer.

    Args:
        name: Of the model; one that was trained here.
        given: For some classes their new names, or the names of all in the order of the logits.

    Raises:
        InvalidConfigurationError: It is a bundled model, has no such class, or two classes would have one name.
        UnusableDataError: There are more or fewer names than classes.
    """
    from rabisco.intake.naming import matched, unmatched  # a server that only answers pictures reads no user's data

    artifact = load_artifact(name)
    card = artifact.card
    if artifact.version == BUNDLED:
        raise InvalidConfigurationError(
            N_(
                "the classes of a model that was trained here can be renamed. Received: “%(name)s”, which came with it"
            ),
            name=name,
        )
    if unknown := unmatched(given, card.class_names):
        raise InvalidConfigurationError(
            N_("“%(name)s” has no class called %(unknown)s; its classes are %(classes)s"),
            name=name,
            unknown=", ".join(unknown)[:100],
            classes=", ".join(card.class_names)[:200],
        )
    names = matched(given, card.class_names)
    now = tuple(names.get(old, old) for old in card.class_names)
    if len(set(now)) < len(now):
        raise InvalidConfigurationError(
            N_("each class of a trained model must keep a name of its own. Received: %(name)s for two of them"),
            name=next(one for one in now if now.count(one) > 1),
        )
    if not names:
        return artifact
    changed = ", ".join(f"{old} = {new}" for old, new in list(names.items())[:10])
    memory = artifact.memory
    if memory is not None:
        examples = (
            one.model_copy(update={"category": names.get(one.category or "", one.category)}) for one in memory.examples
        )
        memory = Memory(examples=tuple(examples))
    update = {
        "class_names": now,
        "original_class_names": card.original_class_names or card.class_names,
        "created": datetime.now(UTC),
        **with_note(card, Sentence(RENAMED, {"names": changed})),
    }
    return save_again(artifact, card.model_copy(update=update), memory=memory)
