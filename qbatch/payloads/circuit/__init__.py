"""Circuits: readers for OpenQASM 2 and 3 and QPY, and the plain form that all rests on."""
