"""What a run that learned from corrections came to, as its page shows it: what changed, and whether it may answer."""

from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext

from rabisco import artifacts, corrections, runs
from rabisco.errors import RabiscoError
from rabisco.retraining.report import Reread, RetrainingReport
from rabisco.runs import Run
from rabisco.web.models.titles import corruption_title
from rabisco.web.platform.visitors import visitor
from rabisco.web.read.png import stored_thumbnail

THUMBNAIL = 96  # pixels
_TITLES: dict[str, LazyString] = {
    "test": lazy_gettext("The test images"),
    "mean": lazy_gettext("The same, spoilt in every way: mean"),
    "corrections": lazy_gettext("Corrections"),
    "characters": lazy_gettext("Drawn digits and letters of validation, wrongly refused"),
    "non-characters": lazy_gettext("Other drawings and photographs, refused"),
    "refusals": lazy_gettext("Refusals of what is no character"),
}


@dataclass(frozen=True)
class RetrainingOutcome:
    """What there is to show of such a run: its report, and how its version stands."""

    report: RetrainingReport
    pictures: dict[int, str]  # data URLs of this reader's own, by the number of the correction
    answers: bool  # now
    back_to: int | None  # the version to which a roll-back goes, if this one answers
    is_there: bool  # still

    @property
    def own(self) -> list[Reread]:
        """The corrections whose pictures this reader may see, those that changed first."""
        found = [one for one in self.report.rereads if one.correction in self.pictures]
        return sorted(found, key=lambda one: (one.before, one.before_refused) == (one.after, one.after_refused))

    @property
    def hidden(self) -> int:
        """How many more there are."""
        return self.report.trained_on + self.report.left_out + self.report.not_characters - len(self.pictures)

    @property
    def worse(self) -> str:
        """What got worse beyond noise, in the reader's language."""
        return ", ".join(title_of(what) for what in self.report.worse)


def outcome(run: Run) -> RetrainingOutcome | None:
    """Return what a run that learned from corrections came to; ``None`` before, or if it is another run."""
    report = runs.report_of(run.id) if run.request.get("corrections") else None
    if report is None or run.artifact_version is None:
        return None
    stored = corrections.pictures((one.correction for one in report.rereads), visitor())
    pictures = {number: stored_thumbnail(image, THUMBNAIL) for number, image in stored.items()}
    versions = _versions(run.artifact)
    own = next((one for one in versions if one.number == run.artifact_version), None)
    answers = own is not None and own.current
    back_to = next((one.number for one in versions if one.previous), None) if answers else None
    return RetrainingOutcome(report, pictures, answers, back_to, own is not None)


def title_of(what: str) -> str:
    """Return what a part of the report is called."""
    return str(_TITLES.get(what) or corruption_title(what))


def _versions(name: str) -> list[artifacts.Version]:
    try:
        return artifacts.versions(name)
    except RabiscoError:
        return []  # the model was deleted
