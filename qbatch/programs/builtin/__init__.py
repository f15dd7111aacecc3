"""Programs that come with qbatch, written with the public context alone."""

NAMES = ("vqe", "qaoa", "zne", "rb", "refine")
