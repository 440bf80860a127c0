"""A rule of refusal that goes on learning: from the earlier rule, no further than new pictures lead it."""

from collections.abc import Mapping

import numpy as np

from rabisco.evaluation.described import Described
from rabisco.evaluation.noncharacters import KINDS
from rabisco.evaluation.regression import Material, foresee, regress
from rabisco.evaluation.rejection import WRONGLY_REFUSED
from rabisco.refusal import REASONS, Reason, RefusalRule, expand, log_odds_of

LEAVING = 0.06  # penalty of the squared distance from the earlier rule's weights
DIGITS = 4  # that a card keeps of each weight
_ByKind = Mapping[str, Described]
_REASONS: dict[str, Reason] = {kind.name: kind.reason for kind in KINDS}


def learn(earlier: RefusalRule, read: _ByKind, refuse: _ByKind, counts: Mapping[str, float]) -> RefusalRule:
    """Return a rule that has learned these pictures beside what the earlier one knows.

    It starts from the earlier one's weights and is penalised for leaving them, so that a few hundred drawings are
    enough to keep what thousands taught. The threshold lies where rules that were not fitted on a character refuse a
    share of them halfway between what such rules may, and what the earlier one does, which may have been fitted on it.

    Args:
        earlier: One that fits today's features.
        read: What is to be read, by kind.
        refuse: What is to be refused, by the names of ``KINDS``; other kinds are no characters.
        counts: As how many pictures each one of a kind counts, where that is not one: readers' pictures. The threshold
            is found without these kinds.

    Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 2017 (the penalty, here
    the same for all weights).
    """
    by_kind = {kind: one.features[~one.blank] for kind, one in {**read, **refuse}.items()}
    sizes = [len(one) for one in by_kind.values()]
    outcomes = dict.fromkeys(read, 0)
    outcomes |= {kind: 1 + REASONS.index(_REASONS.get(kind, "not-a-character")) for kind in refuse}
    features = np.concatenate(list(by_kind.values()))
    material = Material(
        expand((features - earlier.means) / np.array(earlier.scales)),
        np.repeat([outcomes[kind] for kind in by_kind], sizes),
        np.repeat([counts.get(kind, 1.0) for kind in by_kind], sizes),
    )
    toward = np.array(earlier.weights), np.array(earlier.biases)
    usual = np.repeat([kind in read and kind not in counts for kind in by_kind], sizes)
    share = (WRONGLY_REFUSED + float((earlier.log_odds(features[usual]) > earlier.threshold).mean())) / 2
    foreseen = log_odds_of(foresee(material, toward, LEAVING))[usual]
    weights, biases = regress(material, toward, LEAVING)
    return RefusalRule(
        features=earlier.features,
        means=earlier.means,
        scales=earlier.scales,
        weights=tuple(tuple(row) for row in weights.round(DIGITS).tolist()),
        biases=tuple(biases.round(DIGITS).tolist()),
        threshold=round(float(np.quantile(foreseen, 1 - share)), DIGITS),
        fitted_on={
            **earlier.fitted_on,
            **{kind: sizes[place] for place, kind in enumerate(by_kind) if kind in counts},
        },
    )
