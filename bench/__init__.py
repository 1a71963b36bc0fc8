"""Reproducible measurements, each beside its limit; see README.md."""
