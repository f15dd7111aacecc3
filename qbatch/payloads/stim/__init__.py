"""Stabiliser circuits as Stim writes them, with noise, detectors and logical observables."""

INSTALL = "pip install 'qbatch-quantum[stim]' installs it"
