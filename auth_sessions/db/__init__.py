"""Code that uses Django's private API, below the models: see that section in ARCHITECTURE.md. Not public."""
