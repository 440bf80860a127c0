"""Models: their pages and routes, versions, comparisons, charts, and what they are called."""
