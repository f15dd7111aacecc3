"""Stabiliser circuits as Stim writes them, with noise, detectors and logical observables."""
