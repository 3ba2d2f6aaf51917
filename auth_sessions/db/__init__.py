"""What stands on Django's private API, below the models: see "Django's private API" in ARCHITECTURE.md. Not public."""
