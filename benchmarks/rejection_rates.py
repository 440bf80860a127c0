"""How often a rule of refusal refuses pictures of each kind, and why; also kinds that it has never seen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rabisco.evaluation.statistics import wilson_interval
from rabisco.rejection.fitting import fit_rule
from rabisco.rejection.pictures import Described
from rabisco.rejection.rule import REASONS, RejectionRule

PARTS = 4  # of the kinds, each left out once


@dataclass(frozen=True)
class RejectionRate:
    """How many pictures of one kind were refused, with the 95% Wilson interval; ``reasons`` counts why."""

    kind: str
    pictures: int
    rate: float
    interval: tuple[float, float]
    reasons: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return asdict(self)


def rejection_rate(rule: RejectionRule, kind: str, described: Described) -> RejectionRate:
    """Return how many of some pictures the rule refuses, and why."""
    given = [reason for reason in described.reasons(rule) if reason is not None]
    total = len(described.blank)
    return RejectionRate(
        kind=kind,
        pictures=total,
        rate=len(given) / total,
        interval=wilson_interval(len(given), total),
        reasons={reason: given.count(reason) for reason in REASONS if reason in given},
    )


def held_out(characters: Mapping[str, Described], others: Mapping[str, Described]) -> dict[str, RejectionRule]:
    """Return for each kind a rule that is fitted without it, and without a quarter of the kinds in all.

    Arguments as for ``fit_rule``.
    """
    rules: dict[str, RejectionRule] = {}
    for first in range(min(PARTS, len(others))):
        left = list(others)[first::PARTS]
        rule = fit_rule(characters, {kind: one for kind, one in others.items() if kind not in left})
        rules |= dict.fromkeys(left, rule)
    return rules
