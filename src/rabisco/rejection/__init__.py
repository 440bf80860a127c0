"""When not to answer: how a picture that shows no single character is told from one that does.

``features`` says what a picture looks like and what a model made of it; ``rule`` turns that into a reason for refusing
it. Serving needs these two alone. A rule is made by ``fitting``, on ``pictures`` kept in a ``cache``: characters, and
``negatives`` such as ``doodles``, both as ``rendering`` shows them on a canvas, a scan or a photo.
"""

from rabisco.rejection.features import FEATURES, TRAITS, describe, picture_features
from rabisco.rejection.rule import MESSAGES, REASONS, Reason, RejectionRule, reason_without_ink

__all__ = [
    "FEATURES",
    "MESSAGES",
    "REASONS",
    "TRAITS",
    "Reason",
    "RejectionRule",
    "describe",
    "picture_features",
    "reason_without_ink",
]
