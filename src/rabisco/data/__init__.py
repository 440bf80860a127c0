"""Any data set becomes a ``Dataset``: uint8 pixels, integer labels, class names and three splits."""
