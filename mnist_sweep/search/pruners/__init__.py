"""Pruners of this package."""
