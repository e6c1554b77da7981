"""Samplers of this package."""
