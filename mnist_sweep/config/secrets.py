"""Passwords and tokens in addresses: masked wherever something is written or shown.

A tracking server's address may hold a password. It is needed in memory, to connect, and nowhere else: whatever writes a
file, sends a tag or prints a line does so through `masked`.
"""

import re

MASK = "***"
# What stands before the last @ of an address; a port with a path behind it is none.
_PASSWORD = re.compile(r"(\w[\w+.-]*://[^\s'\"/:@]*:)(?!\d{1,5}[/?#])[^\s'\"]+@")
_TOKEN = re.compile(
    r"([?&;][\w.-]*(?:token|password|passwd|pwd|secret|credential|signature|api_?key|access_?key)[\w.-]*=)[^&;#\s'\"]+",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Returns a text in which passwords and tokens of addresses are `***`."""
    if "://" not in text:
        return text
    return _TOKEN.sub(rf"\1{MASK}", _PASSWORD.sub(rf"\1{MASK}@", text))


def is_masked(text: str) -> bool:
    """Returns whether a text is an address whose password or token was masked, so that it can't connect."""
    return f":{MASK}@" in text or f"={MASK}" in text
