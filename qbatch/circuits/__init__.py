"""Circuits: OpenQASM 2 and 3 and QPY, parameters and observables. Nothing here knows the store."""
