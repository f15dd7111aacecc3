"""One photon in a network of beam splitters: a payload format, a backend and an executor."""
