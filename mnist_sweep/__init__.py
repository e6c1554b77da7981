"""Hyperparameter sweeps that are tracked, resumable and reproducible to the bit."""

__version__ = "0.1.0"
