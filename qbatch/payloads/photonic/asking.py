"""What may be asked of a photonic experiment, besides what it says itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qbatch.errors import UsageError
from qbatch.payloads.photonic.text import STATE

COMMANDS = ("sample_count", "samples")
_KNOWN = ("command", "input", "min_photons", "noise", "postselect")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to an experiment; what is None is as the experiment has it.

    Attributes:
        command: ``sample_count``, or ``samples``, which are counted as well.
        input: a Fock state of the modes that are not heralded, such as ``|1,0,1>``.
        min_photons: fewest photons of a detection that counts.
        postselect: a condition on the detected photons, such as ``[0,1]==1 & [2,3]==1``.
        noise: of the source and the chip by name, as Perceval's ``NoiseModel`` has them.
    """

    command: str = "sample_count"
    input: str | None = None
    min_photons: int | None = None
    postselect: str | None = None
    noise: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, Any], origin: str = "an experiment") -> Asked:
        """From a request's options.

        Raises:
            UsageError: one of them is not known, or has no such value.
        """
        if unknown := sorted(options.keys() - set(_KNOWN)):
            raise UsageError(
                f"{origin}: experiments know no request {unknown[0]!r}",
                hint=f"there are: {', '.join(_KNOWN)}",
            )
        found = cls(**{key: value for key, value in options.items() if value is not None})
        for wrong in found._wrong():
            raise UsageError(f"{origin}: {wrong}")
        return found

    def _wrong(self) -> list[str]:
        wrong = []
        if self.command not in COMMANDS:
            wrong.append(f"there is no command {self.command!r}; {', '.join(COMMANDS)}")
        if self.input is not None and not STATE.fullmatch(str(self.input)):
            wrong.append(f"input {self.input!r} is no state such as |1,0,1>")
        if self.min_photons is not None and (type(self.min_photons) is not int):
            wrong.append(f"min_photons {self.min_photons!r}: not a whole number")
        if not isinstance(self.noise, Mapping) or not all(
            isinstance(value, int | float) for value in self.noise.values()
        ):
            wrong.append(f"noise {self.noise!r}: not numbers by name")
        return wrong

    def modes(self) -> int | None:
        """Of the input; None where it is the experiment's own."""
        return None if self.input is None else self.input.count(",") + 1


def most_shots(of_a_job: int, jobs: int, seed: int | None) -> int:
    """At most so many shots for jobs that share their samples: each as many as alone.

    Args:
        seed: of the jobs; those that have one share their samples undivided.
    """
    return of_a_job if seed is not None else of_a_job * max(1, jobs)
