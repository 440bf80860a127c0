"""The Flask application: one blueprint per topic."""
