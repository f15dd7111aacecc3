"""Sequences as Pulser 1.9 writes them, as far as qbatch looks at them."""

import json


def sequence(atoms=2, variables=None, **more):
    """A text; ``variables`` as name: (type, size)."""
    found = {
        "version": "1",
        "name": "test",
        "register": [{"name": f"q{n}", "x": 6.0 * n, "y": 0.0} for n in range(atoms)],
        "channels": {"ryd": "rydberg_global"},
        "variables": {
            name: {"type": kind, "value": [0] * size}
            for name, (kind, size) in (variables or {}).items()
        },
        "operations": [{"op": "delay", "channel": "ryd", "time": 100}],
        "measurement": "ground-rydberg",
    }
    return json.dumps({**found, **more})
