"""Pulse sequences for neutral atoms as Pulser writes them."""
