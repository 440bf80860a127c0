"""Strokes are brought to the width that the training images have, where a pen was far thinner or fatter."""
