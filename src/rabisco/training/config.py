"""What a training is told: how long, how fast, on what terms."""

from dataclasses import InitVar, asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.training.augment import AnyAugmentation, augmentation_of

Solver = Literal["adamw", "sgd", "logistic-regression"]
Schedule = Literal["cosine", "step", "one-cycle", "constant"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
GRADIENT_SOLVERS: tuple[Solver, ...] = ("adamw", "sgd")
COOLDOWN_RATE = 1 / 3  # of the peak learning rate
COOLDOWN_WARMUP_EPOCHS = 0.2
_LISTED = {"solver": get_args(Solver), "schedule": get_args(Schedule), "precision": get_args(Precision)}
_LATER = {"momentum": 0.9, "precision": "float32", "first_side": None, "mixup": 0.0}  # what earlier versions did


@dataclass(frozen=True)
class TrainingConfiguration:
    """Configuration of one training; equal configurations and seeds give equal weights on one machine.

    Attributes:
        solver: ``adamw`` or ``sgd`` by gradient in batches, or ``logistic-regression``: scikit-learn's, for the linear
            architecture only, which reads no other field but ``seed``, ``max_iterations`` and
            ``inverse_regularization``.
        epochs: Passes over the training split, at least 1.
        cooldown_epochs: Final ones with weak augmentation, after these; see ``rabisco.training.cooldown``; at least 0.
        batch_size: Images per step, at least 1.
        learning_rate: Its peak, above 0.
        weight_decay: Decoupled decay (AdamW) per unit of learning rate, at least 0.
        schedule: ``cosine`` (a linear warm-up, then half a cosine down to 0), ``step`` (a tenth after every
            ``step_epochs``), ``one-cycle`` (a triangle: straight from a fifth of the peak up and down to 0) or
            ``constant``.
        warmup_epochs: Length of the way up of ``cosine`` and ``one-cycle``; fractions are allowed.
        step_epochs: Period of ``step``, in epochs.
        patience: Epochs without a better validation accuracy after which training ends; none: never early.
        label_smoothing: Share of the target spread over all classes, in [0, 1).
        augmentation: Random changes to the training images; none: as they are.
        max_iterations: Of ``logistic-regression``.
        inverse_regularization: ``C`` of ``logistic-regression``.
        seed: Of weights, order of the images and augmentation.
        momentum: Of ``sgd``, which is Nesterov's, in [0, 1).
        precision: What the layers compute in while training: ``float32``, or ``mixed_bfloat16`` (new processors and
            accelerators) or ``mixed_float16`` (older accelerators); the weights are float32 all the same.
        first_side: Progressive resizing: side of the images in the first epoch, in pixels, at least 8. It grows evenly
            in steps of 4 pixels to the full side, which it reaches after two thirds of the epochs, and in
            the last at any rate. Only for architectures that read images of any size; none: full from the beginning.
        mixup: Each batch is mixed with itself in another order, images and targets alike, by a share drawn from
            Beta(``mixup``, ``mixup``) (Zhang et al. 2018); at least 0, which is off.
    """

    solver: Solver = "adamw"
    epochs: int = 12
    cooldown_epochs: int = 0
    batch_size: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    schedule: Schedule = "cosine"
    warmup_epochs: float = 1.0
    step_epochs: int = 5
    patience: int | None = None
    label_smoothing: float = 0.0
    augmentation: AnyAugmentation | None = None
    max_iterations: int = 100
    inverse_regularization: float = 1.0
    seed: int = 25
    momentum: float = 0.9
    precision: Precision = "float32"
    first_side: int | None = None
    mixup: float = 0.0
    settle_epochs: InitVar[int | None] = None  # the name of ``cooldown_epochs`` in earlier versions

    def __post_init__(self, settle_epochs: int | None) -> None:
        if settle_epochs is not None:
            object.__setattr__(self, "cooldown_epochs", settle_epochs)
        for name, known in _LISTED.items():
            self._require(name, getattr(self, name) in known, N_("one of %(names)s"), names=", ".join(known))
        for name in ("epochs", "batch_size", "step_epochs", "max_iterations"):
            self._require(name, getattr(self, name) >= 1, N_("at least 1"))
        for name in ("learning_rate", "inverse_regularization"):
            self._require(name, getattr(self, name) > 0, N_("above 0"))
        for name in ("weight_decay", "warmup_epochs", "cooldown_epochs", "mixup"):
            self._require(name, getattr(self, name) >= 0, N_("at least 0"))
        self._require("patience", self.patience is None or self.patience >= 1, N_("at least 1, or none"))
        self._require("first_side", self.first_side is None or self.first_side >= 8, N_("at least 8, or none"))
        self._require("momentum", 0 <= self.momentum < 1, N_("in [0, 1)"))
        self._require("label_smoothing", 0 <= self.label_smoothing < 1, N_("in [0, 1)"))

    def _require(self, name: str, holds: bool, expected: str, **values: str) -> None:
        if not holds:
            raise InvalidConfigurationError(
                N_("%(name)s must be %(expected)s. Received: %(received)s"),
                name=name,
                expected=Sentence(expected, values),
                received=repr(getattr(self, name)),
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values, for a card or a database."""
        return asdict(self)

    def side(self, epoch: int, full: int) -> int:
        """Return the side, in pixels, of the images in ``epoch``, from 1, of a training whose images have ``full``."""
        if self.first_side is None or self.first_side >= full or epoch == self.epochs:
            return full
        grown = 1.5 * (epoch - 1) / self.epochs
        return min(full, 4 * round((self.first_side + (full - self.first_side) * grown) / 4))

    @property
    def identity(self) -> dict[str, Any]:
        """The configuration as it identifies a checkpoint.

        It has the first release's field names, so that old checkpoints still match.
        """
        values = {name: one for name, one in asdict(self).items() if name not in _LATER or _LATER[name] != one}
        return {"settle_epochs" if name == "cooldown_epochs" else name: one for name, one in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainingConfiguration":
        """Return the configuration that ``to_dict`` made these values from, here or in an earlier version.

        Raises:
            InvalidConfigurationError: A name is unknown or a value out of range.
        """
        unknown = set(values) - {field.name for field in fields(cls)} - {"settle_epochs"}
        if unknown:
            raise InvalidConfigurationError(
                N_("a training has no setting called %(names)s"), names=", ".join(sorted(unknown))
            )
        augmentation = values.get("augmentation")
        if isinstance(augmentation, dict):
            values = {**values, "augmentation": augmentation_of(augmentation)}
        return cls(**values)


def cooldown(configuration: TrainingConfiguration) -> TrainingConfiguration:
    """Return how the final epochs are trained: with weak augmentation and a rate that falls to 0 once more.

    They go on from the best weights so far with a fresh optimizer. On MNIST's validation images this took a fifth off
    the loss.
    """
    return replace(
        configuration,
        epochs=configuration.cooldown_epochs,
        cooldown_epochs=0,
        learning_rate=configuration.learning_rate * COOLDOWN_RATE,
        schedule="cosine",
        warmup_epochs=COOLDOWN_WARMUP_EPOCHS,
        patience=None,
        first_side=None,
        mixup=0.0,
        augmentation=configuration.augmentation and configuration.augmentation.gentle,
    )
