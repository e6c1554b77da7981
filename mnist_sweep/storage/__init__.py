"""A study on the disk: folders, lock, identity, records."""
