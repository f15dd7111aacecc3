"""Whether anybody is in a hurry."""

from __future__ import annotations

import threading

hurry = threading.Event()
"""Set while the user waits for a run to stop: answers that can be had again are let go soon."""
