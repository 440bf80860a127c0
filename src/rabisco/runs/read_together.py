"""The same images read by several models: what each answered, and the images, in a folder that pages look into."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rabisco.artifacts.durable import write_whole
from rabisco.data.dataset import Split
from rabisco.evaluation.readings import Readings

_ABOUT, _IMAGES = "about.json", "images.npy"


@dataclass
class ReadTogether:
    """Images, and what models answered on them.

    Attributes:
        dataset: Name of the data set.
        class_names: Its classes, then those that only models know; labels and answers are indices into it.
        split: The images, uint8 ``(N, H, W, C)``, as the data set has them, and labels.
        readings: By the model's name.
    """

    dataset: str
    class_names: tuple[str, ...]
    split: Split
    readings: dict[str, Readings] = field(default_factory=dict)

    def add(self, name: str, class_names: tuple[str, ...], logits: NDArray[np.float32], temperature: float) -> None:
        """Keep what a model answered.

        Args:
            name: Of the model.
            class_names: What its logits are of: the data set's classes, then its own further ones.
            logits: ``(N, len(class_names))``.
            temperature: Of the model.
        """
        self.class_names += tuple(one for one in class_names if one not in self.class_names)
        found = Readings.of(self.split, logits, temperature, keep=False)
        places = np.array([self.class_names.index(one) for one in class_names], np.int16)
        self.readings[name] = Readings(**{**vars(found), "answers": places[found.answers]})

    def write(self, folder: Path) -> None:
        """Write it into a folder; it can be read once it is whole."""
        folder.mkdir(exist_ok=True)
        np.save(folder / _IMAGES, self.split.images)
        for place, one in enumerate(self.readings.values()):
            one.write(folder / f"{place}.npz")
        about = {"dataset": self.dataset, "class_names": self.class_names, "models": list(self.readings)}
        write_whole(folder / _ABOUT, json.dumps(about) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return what is in a folder, its images left on the disk; ``None`` where there is nothing whole."""
        try:
            about = json.loads((folder / _ABOUT).read_bytes())
            readings = [Readings.read(folder / f"{place}.npz") for place in range(len(about["models"]))]
            images = np.load(folder / _IMAGES, mmap_mode="r")
            split = Split(images, readings[0].labels.astype(np.int64))
            named = dict(zip(about["models"], readings, strict=True))
            return cls(about["dataset"], tuple(about["class_names"]), split, named)
        except (OSError, ValueError, KeyError, IndexError):
            return None
