"""Photonic experiments as Perceval writes them."""

INSTALL = "pip install 'qbatch-quantum[quandela]' installs it"
