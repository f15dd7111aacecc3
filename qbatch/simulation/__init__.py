"""Exact simulation of many small circuits at once, over their plain lists of operations."""
