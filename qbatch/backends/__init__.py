"""Backends: the seam (`base`), how they are found (`registry`), and the built-in adapters."""
