"""Reading pictures: pages to draw and upload on, ``/predict``, ``/explain``, and what a request may ask for."""
