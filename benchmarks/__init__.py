"""Measures this app beside its peers: ``python -m benchmarks``. See README.md."""
