"""What a run asks its backends of what they run on."""

import pytest

from qbatch.domain.compilations import Compilation, Layout, Readout
from qbatch.domain.provenance import Calibration, Provenance, Qubit
from qbatch.domain.states import CompilationState
from qbatch.engine import provenance
from qbatch.engine.provenance import Provenances
from qbatch.errors import Transient
from qbatch.testing.instant import InstantBackend


class Telling(InstantBackend):
    def __init__(self, *answers):
        super().__init__("telling")
        self.answers = list(answers)
        self.asked = 0

    def provenance(self):
        self.asked += 1
        found = self.answers.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found


CALIBRATED = Provenance(
    versions={"sdk": "1"},
    device="chip",
    calibration=Calibration(
        digest="1", qubits={n: Qubit(t1=1.0) for n in range(5)}, gates={"cx 1 4": 0.1, "x 2": 0.2}
    ),
)


def laid(*wires, initial, final):
    layout = Layout(wires=wires, initial=initial, final=final)
    return Compilation(
        id=1, payload=1, readout=Readout.GIVEN, state=CompilationState.DONE, layout=layout
    )


def test_of_the_calibration_what_the_circuits_use():
    lost = Compilation(id=2, payload=2, readout=Readout.GIVEN, state=CompilationState.LOST)
    compiled = [laid(4, 1, initial=(0,), final=(1,)), lost]
    found = Provenances().of(Telling(CALIBRATED), "target", compiled)
    assert (found.device, found.target) == ("chip", "target")
    assert set(found.calibration.qubits) == {1, 4}
    assert found.calibration.gates == {"cx 1 4": 0.1}
    assert found.versions["sdk"] == "1"
    assert "python" in found.versions


def test_an_answer_holds_for_a_while(monkeypatch):
    backend, known = Telling(CALIBRATED, Provenance(device="later")), Provenances()
    for _ in range(3):
        assert known.of(backend, None, []).device == "chip"
    assert backend.asked == 1
    monkeypatch.setattr(provenance, "_SECONDS", 0.0)
    assert known.of(backend, None, []).device == "later"


@pytest.mark.parametrize("error", [Transient("busy"), ValueError("odd"), SystemExit(3)])
def test_nobody_is_stopped_by_what_is_not_told(error):
    found = Provenances().of(Telling(error), None, [])
    assert (found.device, found.calibration) == (None, None)
    assert "python" in found.versions


def test_a_backend_that_tells_nothing():
    found = Provenances().of(InstantBackend("mute"), "t", [])
    assert (found.target, found.device) == ("t", None)
    assert "python" in found.versions
