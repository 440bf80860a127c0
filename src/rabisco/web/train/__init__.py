"""Training: pages and routes for data sets, uploads and runs."""
