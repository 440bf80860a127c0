"""Any picture becomes the pixels a model was trained on: decode, find the ink, normalise. No model knowledge here."""

from rabisco.images.decode import decode
from rabisco.images.normalize import NORMALIZERS, Prepared, Step, prepare

__all__ = ["NORMALIZERS", "Prepared", "Step", "decode", "prepare"]
