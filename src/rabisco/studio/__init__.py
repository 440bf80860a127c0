"""``rabisco studio``: the same predictor in a Streamlit application, to draw, upload, compare and explore.

``app`` is the script that Streamlit runs; ``pad`` is the drawing area, plain files that it shows in a frame; ``words``
translates. Needs the extra ``studio``.
"""
