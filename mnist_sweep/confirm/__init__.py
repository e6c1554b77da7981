"""Finalists on fresh seeds, judged by the test images."""
