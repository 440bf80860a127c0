"""What every topic stands on: server, routing, limits, access, languages, problems, the API page."""
