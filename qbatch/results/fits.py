"""Curves fitted to lines: least squares, weighted by the points' errors where they have some.

Shares of shots are weighted by the error that the curve itself gives them, found step by step: the
error that a share tells of itself is smallest where chance took it near 0 or 1, and draws the curve
there (P. McCullagh, J. A. Nelder, Generalized Linear Models, 2nd ed., 1989, section 2.5).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from qbatch.errors import UsageError
from qbatch.results.plot_data import Fit, Line

_DRAWN = 200
_FREQUENCIES = 400
_STEPS = 4  # until the weights are those of the curve


class _Model(NamedTuple):
    """A family of curves.

    ``starts`` gives parameters to begin with, one after another; ``normal`` brings those that
    were found into one form, and tells the signs that it changed; ``derived`` adds
    what follows from them, with a gradient.
    """

    formula: str
    names: tuple[str, ...]
    curve: Callable[..., Any]
    starts: Callable[[Any, Any], Iterator[Sequence[float]]]
    normal: Callable[[Any], tuple[Any, Any]]
    derived: Callable[[Any], Iterator[tuple[str, float, Sequence[float]]]]


def fitted(line: Line, kind: str, *, are_shares: bool = True) -> Fit:
    """A curve through a line's points.

    Args:
        are_shares: they are probabilities, of which there is a visibility.

    Points of other quantities whose error is 0 count as much as the most certain of them.
    Where some have no error at all they count alike, and the
    parameters' errors follow from the spread.

    Raises:
        UsageError: there is no such curve, or too few points for it, or none fits.
    """
    import numpy as np

    model = MODELS.get(kind)
    if model is None:
        raise UsageError(f"fit {kind!r}: {', '.join(MODELS)}")
    x, y = np.asarray(line.x, float), np.asarray(line.y, float)
    if len(x) <= len(model.names):
        raise UsageError(
            f"{len(x)} points are too few to fit {model.formula}: it needs {len(model.names) + 1}"
        )
    best, errors = _weighted(model, x, y, line)
    if best is None:
        raise UsageError(
            f"{model.formula} does not fit {line.label or 'these points'}",
            hint="another --fit; or points nearer to 0, where that is far away",
        )
    found, covariance = best
    spread = np.sqrt(np.diag(covariance))
    told = [
        (name, float(value), float(error))
        for name, value, error in zip(model.names, found, spread, strict=True)
    ]
    for name, value, gradient in model.derived(found) if are_shares else ():
        slope = np.asarray(gradient)
        told.append((name, value, float(np.sqrt(slope @ covariance @ slope))))
    across = np.linspace(x[0], x[-1], _DRAWN)
    return Fit(
        formula=model.formula,
        parameters=tuple(told),
        chi2=None if errors is None else _chi2(model, found, x, y, errors),
        freedom=len(x) - len(model.names),
        x=across.tolist(),
        y=model.curve(across, *found).tolist(),
    )


def _weighted(model: _Model, x: Any, y: Any, line: Line) -> tuple[tuple[Any, Any] | None, Any]:
    """The nearest curve, and the errors that weighted the points."""
    import numpy as np

    errors = _weights(line)
    best = _best(model, x, y, errors, model.starts(x, y))
    if line.shots is None:
        return best, errors
    shots = np.asarray(line.shots, float)
    for _ in range(_STEPS):
        if best is None:
            break
        errors = _share_errors(model.curve(x, *best[0]), shots)
        best = _best(model, x, y, errors, [best[0]])
    return best, errors


def _weights(line: Line) -> Any:
    """Errors of the points, none of them 0; None where not all have one."""
    import numpy as np

    if line.shots is not None:
        shots = np.asarray(line.shots, float)
        return _share_errors((np.asarray(line.y, float) * shots + 1) / (shots + 2), shots)
    if line.errors is None:
        return None
    errors = np.asarray(line.errors, float)
    known = errors[errors > 0]
    return None if len(known) == 0 else np.where(errors > 0, errors, known.min())


def _share_errors(shares: Any, shots: Any) -> Any:
    """Standard errors of shares of so many shots, where the shares are truly these."""
    import numpy as np

    least = 0.5 / (shots + 1)
    inside = np.clip(shares, least, 1 - least)
    return np.sqrt(inside * (1 - inside) / shots)


def _best(
    model: _Model, x: Any, y: Any, errors: Any, starts: Iterable[Any]
) -> tuple[Any, Any] | None:
    """The parameters of the nearest curve and their covariance; None where none is found."""
    import warnings

    import numpy as np
    from scipy.optimize import OptimizeWarning, curve_fit

    best, least = None, math.inf
    for start in starts:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("error", OptimizeWarning)
                found, covariance = curve_fit(
                    model.curve, x, y, start, sigma=errors,
                    absolute_sigma=errors is not None, maxfev=5000,
                )  # fmt: skip
        except (RuntimeError, OptimizeWarning, ValueError):
            continue
        found, signs = model.normal(found)
        covariance = covariance * np.outer(signs, signs)
        chi2 = _chi2(model, found, x, y, errors)
        if np.isfinite(covariance).all() and chi2 < least * (1 - 1e-9):
            best, least = (found, covariance), chi2
    return best


def _chi2(model: _Model, found: Any, x: Any, y: Any, errors: Any) -> float:
    left = y - model.curve(x, *found)
    return float(((left / (1.0 if errors is None else errors)) ** 2).sum())


# -- the families -------------------------------------------------------------------


def _line(x: Any, a: Any, b: Any) -> Any:
    return a + b * x


def _exp(x: Any, a: Any, b: Any, c: Any) -> Any:
    import numpy as np

    return a * np.exp(-b * x) + c


def _cos(x: Any, a: Any, w: Any, p: Any, c: Any) -> Any:
    import numpy as np

    return a * np.cos(w * x + p) + c


def _line_starts(x: Any, y: Any) -> Iterator[Sequence[float]]:
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    yield y[0] - slope * x[0], slope


def _exp_starts(x: Any, y: Any) -> Iterator[Sequence[float]]:
    """For each of several rates the height and offset that fit best."""
    import numpy as np

    span = x[-1] - x[0]
    for turns in (0.3, 1.0, 3.0, 10.0, -1.0):
        rate = turns / span
        columns = np.stack([np.exp(-rate * (x - x[0])), np.ones_like(x)], axis=1)
        (height, c), *_ = np.linalg.lstsq(columns, y, rcond=None)
        with np.errstate(all="ignore"):
            a = height * np.exp(rate * x[0])
        if np.isfinite(a):  # else the points are too far from 0 to say what is there
            yield a, rate, c


def _cos_starts(x: Any, y: Any) -> Iterator[Sequence[float]]:
    """The frequencies that fit best of all that the points can tell, with the rest by them."""
    import numpy as np

    span, step = x[-1] - x[0], np.diff(x).min()
    left = []
    for frequency in np.linspace(0.5 * math.pi / span, math.pi / step, _FREQUENCIES):
        columns = np.stack([np.cos(frequency * x), np.sin(frequency * x), np.ones_like(x)], axis=1)
        (u, v, c), *_ = np.linalg.lstsq(columns, y, rcond=None)
        rest = float(((columns @ (u, v, c) - y) ** 2).sum())
        left.append((rest, (math.hypot(u, v), frequency, math.atan2(-v, u), c)))
    for _, start in sorted(left)[:5]:
        yield start


def _as_it_is(found: Any) -> tuple[Any, Any]:
    return found, [1.0] * len(found)


def _cos_normal(found: Any) -> tuple[Any, Any]:
    """With a height and a frequency above 0, and a phase from -pi to pi."""
    a, w, p, c = found
    turned, upside_down = (-1.0 if w < 0 else 1.0), (-1.0 if a < 0 else 1.0)
    p = turned * p + (math.pi if a < 0 else 0.0)
    values = [upside_down * a, turned * w, math.remainder(p, 2 * math.pi), c]
    return values, [upside_down, turned, turned, 1.0]


def _nothing(_: Any) -> Iterator[tuple[str, float, Sequence[float]]]:
    return iter(())


def _visibility(found: Any) -> Iterator[tuple[str, float, Sequence[float]]]:
    """(max - min) / (max + min)."""
    a, _, _, c = found
    if c:
        yield "visibility", float(a / c), (1 / c, 0.0, 0.0, -a / c**2)


MODELS = {
    "line": _Model("a + b x", ("a", "b"), _line, _line_starts, _as_it_is, _nothing),
    "exp": _Model("a exp(-b x) + c", ("a", "b", "c"), _exp, _exp_starts, _as_it_is, _nothing),
    "cos": _Model(
        "a cos(w x + p) + c", ("a", "w", "p", "c"), _cos, _cos_starts, _cos_normal, _visibility
    ),
}
