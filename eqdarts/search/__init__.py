"""Searches propose graphs; every proposal is refitted exactly and offered to one archive."""
