"""Pulse sequences for neutral atoms as Pulser writes them."""

INSTALL = "pip install 'qbatch-quantum[pasqal]' installs it"
