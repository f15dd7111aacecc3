"""Photonic experiments as Perceval writes them."""
