"""The objects that the rooms pass to each other, and their vocabularies: frozen, without I/O."""

SCHEMA = 1
"""Version of the JSON that the commands print."""
