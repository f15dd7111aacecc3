"""Backends: how they are found (`registry`), what adapters share, and the built-in ones."""
