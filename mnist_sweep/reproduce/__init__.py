"""Trials retrained from their stored configuration, and the verdict."""
