"""Drives one search: plan, loop, files of the study, estimate, fork."""
