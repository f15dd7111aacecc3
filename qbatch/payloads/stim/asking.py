"""What may be asked of a Stim circuit: which bits of a shot are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qbatch.errors import UsageError

SAMPLES = ("measurements", "detectors", "observables")
DECODERS = ("pymatching",)
_COUNTED = {
    "measurements": "num_measurements",
    "detectors": "num_detectors",
    "observables": "num_observables",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which bits are counted, each shot an outcome; the first one leftmost, as Stim writes them.

    Attributes:
        sample: ``measurements`` (the record), ``detectors`` (which of them fired), or
            ``observables`` (which logical ones were flipped).
        decoder: predicts from the detectors which observables were flipped; a bit is 1 where it
            was wrong: a logical error.
    """

    sample: str = "measurements"
    decoder: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any], origin: str = "a Stim circuit") -> Asked:
        """From a request's options.

        Raises:
            UsageError: one of them is not known.
        """
        if unknown := sorted(options.keys() - {"sample", "decoder"}):
            raise UsageError(
                f"{origin}: Stim circuits know no request {unknown[0]!r}",
                hint=f"sample={'|'.join(SAMPLES)}, decoder={'|'.join(DECODERS)}",
            )
        sample, decoder = options.get("sample"), options.get("decoder")
        if decoder is not None and decoder not in DECODERS:
            raise UsageError(f"{origin}: there is no decoder {decoder!r}; {', '.join(DECODERS)}")
        if decoder is not None and sample is not None:
            raise UsageError(f"{origin}: sample and decoder ask for different things")
        if decoder is None and sample not in (None, *SAMPLES):
            raise UsageError(f"{origin}: there are no samples of {sample!r}; {', '.join(SAMPLES)}")
        return cls(sample="observables" if decoder else sample or "measurements", decoder=decoder)

    @property
    def decodes(self) -> bool:
        """Whether logical errors are counted."""
        return self.decoder is not None

    @property
    def what(self) -> str:
        """What is counted, in words."""
        return "observables" if self.decodes else self.sample

    def bits(self, info: Mapping[str, Any]) -> int:
        """Bits of an outcome."""
        return int(info[_COUNTED[self.sample]])
