"""Architectures by name, in Keras 3: raw uint8 pixels in, logits out."""
