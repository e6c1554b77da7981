"""Numbers that a text decides, so that a later call draws the same."""

import hashlib


def drawn(text: str) -> int:
    """Returns a number below 2**32: the first four bytes of the text's SHA-256."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
