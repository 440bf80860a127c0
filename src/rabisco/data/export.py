"""A data set as folders of pictures, one for each class: for other programs, for looking, and for training again."""

from pathlib import Path

from PIL import Image

from rabisco.data.dataset import Dataset, Split
from rabisco.errors import InvalidConfigurationError

SPLITS = ("train", "validation", "test")


def export_folders(dataset: Dataset, target: Path) -> int:
    """Write each image as ``target/<split>/<class>/<number>.png``, without loss, and return how many there are.

    The number is the place of the image in its split. ``rabisco train-own`` and the page *Train* take such a folder,
    or a zip of it, as it is.

    Args:
        dataset: What to write.
        target: A folder that does not exist yet or is empty.

    Raises:
        InvalidConfigurationError: Something is in the folder already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidConfigurationError(f"expected a new or an empty folder, received {str(target)!r}; name another")
    return sum(_export(getattr(dataset, name), dataset.class_names, target / name) for name in SPLITS)


def _export(split: Split, class_names: tuple[str, ...], folder: Path) -> int:
    digits = len(str(len(split)))
    for name in class_names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
        picture = Image.fromarray(image if image.shape[-1] == 3 else image[..., 0])
        picture.save(folder / class_names[label] / f"{number:0{digits}}.png", compress_level=1)
    return len(split)
