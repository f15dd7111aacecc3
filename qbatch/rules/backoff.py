"""When to try again after a failure that may pass."""

from __future__ import annotations

import math
import random

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 60.0
LONGEST_ASKED_SECONDS = 3600.0


def backoff(tries: int, retry_after: float | None = None) -> float:
    """Seconds until the next try: doubling from half a second, with jitter.

    The jitter (half to one and a half times) keeps many clients that failed together
    from coming back together. What the service asks for is not undercut, up to an hour.
    """
    doubled = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** max(0, tries - 1))
    seconds = doubled * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    asked = retry_after if retry_after is not None and math.isfinite(retry_after) else 0.0
    return max(seconds, min(asked, LONGEST_ASKED_SECONDS))
