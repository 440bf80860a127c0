"""Any picture becomes the pixels a model was trained on: decode, find the ink, normalise. No model knowledge here."""
