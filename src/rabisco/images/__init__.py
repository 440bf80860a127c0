"""Any picture becomes the pixels a model was trained on: decode, find the ink, normalize. No model knowledge here."""

from rabisco.images.decode import decode, sent_side
from rabisco.images.foreign import begins_as_picture
from rabisco.images.ink import Ink, find_ink
from rabisco.images.normalize import (
    NORMALIZERS,
    ImageKind,
    Prepared,
    Step,
    image_kind,
    is_mirrored,
    normalize_pixels,
    prepare,
    prepare_ink,
    shape_of,
)
from rabisco.images.photo import mean_over_mirrored
from rabisco.images.segment import Box, Candidate, Character, Group, segment

__all__ = [
    "NORMALIZERS",
    "Box",
    "Candidate",
    "Character",
    "Group",
    "ImageKind",
    "Ink",
    "Prepared",
    "Step",
    "begins_as_picture",
    "decode",
    "find_ink",
    "image_kind",
    "is_mirrored",
    "mean_over_mirrored",
    "normalize_pixels",
    "prepare",
    "prepare_ink",
    "segment",
    "sent_side",
    "shape_of",
]
