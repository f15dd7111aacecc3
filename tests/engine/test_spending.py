"""Caps and budgets: what is sent of a run, what is put off, and what is told."""

import pytest

from qbatch import JobGroup
from qbatch.domain.batches import Usage
from qbatch.domain.budgets import Budget
from qbatch.domain.limits import Limits
from qbatch.domain.states import RemoteState, Status
from qbatch.engine import Run, RunSettings
from qbatch.errors import LostAnswer, Rejected
from qbatch.seam import BatchStatus
from qbatch.store import Store
from qbatch.testing import InstantBackend

from ..conftest import ANSATZ, BELL

SHOT = {"lab": {"shot": 0.01}}  # a job of 100 shots comes to 1


class Paid(InstantBackend):
    """A service whose batches cost a share of what they may, told some looks later."""

    def __init__(self, share=1.0, looks=0, **limits):
        super().__init__("lab", Limits(finds_tokens=True, lookup_seconds=0.0, bills=True, **limits))
        self.share, self.looks = share, looks
        self.seen = {}

    def status(self, remote_id):
        self.seen[remote_id] = self.seen.get(remote_id, 0) + 1
        found = super().status(remote_id)
        if self.seen[remote_id] <= self.looks:
            return found
        (batch,) = (one for one in self.submissions if one.submission_id == remote_id)
        price = 0.01 * self.share * sum(item.shots for item in batch.items)
        return BatchStatus(state=found.state, usage=Usage(price=price, currency="EUR"))


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        group.add(ANSATZ, parameters={"theta": [0.1 * i for i in range(8)], "phi": 0.0}, shots=100)
        yield group


def run(group, backend, notes=None, **settings):
    class Watcher:
        def update(self, state):
            pass

        def note(self, message):
            if notes is not None:
                notes.append(message)

    settings = {"default_backend": "lab", "prices": SHOT, **settings}
    with Store(group.path) as store:
        work = Run(
            store, [group.status()], lambda _: backend, RunSettings(**settings), observer=Watcher()
        )
        return work.execute()


def sizes(backend):
    return [len(batch.items) for batch in backend.submissions]


def money(group):
    with Store(group.path) as store:
        rows = store.database.rows("SELECT reserved, charged FROM batches ORDER BY id")
        return [(row["reserved"], row["charged"]) for row in rows]


def test_a_run_spends_no_more_than_it_may_and_all_that_it_may(group):
    backend = Paid()
    notes: list[str] = []
    report = run(group, backend, notes, max_cost=5.0)
    assert sizes(backend) == [4, 1]
    assert (report.done, report.left, report.exit_code) == (5, 3, 3)
    said = "--max-cost 5: 5 spent or reserved, the next takes 1"
    assert report.over_budget == [f"lab: {said}"]
    assert notes[-1] == f"lab: nothing more is sent: {said}"
    again = run(group, backend, max_cost=3.0)
    assert (again.exit_code, again.done, again.over_budget) == (0, 3, [])


def test_what_batches_really_cost_leaves_room_for_more(group):
    backend = Paid(share=0.5)
    assert run(group, backend, max_cost=4.5).exit_code == 0
    assert sizes(backend)[0] == 4
    assert sum(sizes(backend)) == 8
    assert sum(charged for _, charged in money(group)) == pytest.approx(4.0)


def test_a_budget_holds_for_all_runs_and_processes(group, db):
    budgets = {"lab": Budget(month=6.0, currency="EUR")}
    backend = Paid()
    assert run(group, backend, budgets=budgets).exit_code == 3
    assert sum(sizes(backend)) == 6
    with JobGroup("other", db=db) as other:
        other.add(BELL, shots=50)
        report = run(other, backend, budgets=budgets)
    assert report.exit_code == 3
    assert "budget of 6 EUR a month: 6 spent or reserved" in report.over_budget[0]
    assert sum(sizes(backend)) == 6


def test_shots_and_seconds_have_caps_of_their_own(group):
    backend = Paid()
    report = run(group, backend, max_shots_total=350)
    assert (sum(sizes(backend)), report.exit_code) == (3, 3)
    slow = Paid(seconds=40.0, circuits=2)
    report = run(group, slow, max_qpu_seconds=100.0)
    assert (sizes(slow), report.left) == ([2, 2], 1)


def test_what_nobody_knows_the_price_of_is_not_sent_where_a_budget_holds(group):
    backend = InstantBackend("lab", Limits())
    budgets = {"lab": Budget(month=6.0)}
    for caps in ({"max_cost": 100.0}, {"budgets": budgets}, {"max_qpu_seconds": 5.0}):
        report = run(group, backend, prices={}, **caps)
        assert (report.exit_code, report.done) == (3, 0)
        assert "nobody knows the" in report.over_budget[0]
    assert backend.submissions == []
    report = run(group, backend, prices={}, budgets=budgets, allow_unpriced=True)
    assert (report.exit_code, report.done) == (0, 8)


def test_local_work_costs_nothing(group):
    backend = InstantBackend("lab", Limits(local=True))
    report = run(group, backend, prices={}, max_cost=0.5, max_qpu_seconds=1.0)
    assert report.exit_code == 0


def test_a_bill_that_comes_late_is_asked_for_again(group):
    backend = Paid(share=0.25, looks=1)
    run(group, backend)
    assert money(group) == [(8.0, 2.0)]  # at the run's end
    slower = Paid(share=0.25, looks=2)
    group.edit(more_shots=100)
    run(group, slower)
    assert money(group)[1] == (8.0, None)
    run(group, slower, submit=False)
    assert money(group)[1] == (8.0, 2.0)


def test_what_was_refused_costs_nothing_and_what_was_lost_keeps_its_reservation(group):
    backend = Paid()
    backend.submit = lambda batch: (_ for _ in ()).throw(Rejected("no"))
    run(group, backend)
    assert {reserved for reserved, _ in money(group)} == {0.0}
    group.add(BELL, shots=100)
    lost = InstantBackend("lab", Limits())
    lost.submit = lambda batch: (_ for _ in ()).throw(LostAnswer("?"))
    lost.find = lambda submission_id: None
    run(group, lost)
    assert group.jobs[-1].status is Status.UNKNOWN
    assert money(group)[-1] == (1.0, None)


def test_seconds_that_are_told_settle_a_price_by_the_second(group):
    class Timed(Paid):
        def status(self, remote_id):
            return BatchStatus(state=super().status(remote_id).state, usage=Usage(seconds=3.0))

    report = run(group, Timed(seconds=40.0), prices={"lab": {"second": 0.5}}, max_cost=25.0)
    assert report.exit_code == 0
    assert money(group) == [(1.5, None)]


def test_a_batch_waits_for_others_to_end_where_that_may_make_room(group):
    class Held(Paid):
        """Its batches run until another look; each costs next to nothing."""

        def status(self, remote_id):
            found = super().status(remote_id)
            if self.seen[remote_id] < 2:
                return BatchStatus(state=RemoteState.RUNNING)
            return found

    backend = Held(share=0.01, circuits=2, in_flight=2)
    report = run(group, backend, max_cost=2.5)
    assert (report.exit_code, report.done) == (0, 8)
    assert sizes(backend)[0] == 2
    assert sum(sizes(backend)) == 8


def test_a_run_ends_whose_money_is_gone_while_circuits_are_still_compiled(group, monkeypatch):
    """The lane lets go of what nobody will send."""
    from qbatch.engine import compiling

    from .compile_stage import TellTale

    monkeypatch.setattr(compiling, "_COMMIT_SECONDS", 0.0)
    group.add(*[BELL.replace("h q", f"rx({i}.5) q") for i in range(8)], shots=100)
    backend = Paid()
    with Store(group.path) as store:
        settings = RunSettings(prices=SHOT, max_cost=0.5, max_batch_size=1, deadline=None)
        work = Run(store, [group.status()], lambda _: backend, settings,
                   open_stage=lambda _: TellTale())  # fmt: skip
        report = work.execute()
    assert (report.exit_code, report.done, report.left) == (3, 0, 16)
    assert backend.submissions == []


def test_a_foreign_charge_says_nothing_in_a_cap(group):
    class Foreign(Paid):
        def status(self, remote_id):
            return BatchStatus(state=RemoteState.DONE, usage=Usage(price=0.001, currency="BTC"))

    backend = Foreign(circuits=1)
    budgets = {"lab": Budget(month=100.0, currency="EUR")}
    report = run(group, backend, budgets=budgets, max_cost=3.0, max_batch_size=1)
    assert (report.exit_code, len(backend.submissions)) == (3, 3)


def test_a_batch_that_was_not_priced_is_billed_late_all_the_same(group):
    budgets = {"lab": Budget(month=9.0, currency="EUR")}
    backend = Paid(looks=1)
    run(group, backend, prices={}, budgets=budgets, allow_unpriced=True)
    assert money(group) == [(None, 8.0)]
    group.edit(more_shots=100)
    report = run(group, backend, budgets=budgets)
    assert (report.exit_code, report.done) == (3, 1)


def test_a_batch_of_which_nothing_is_sent_costs_nothing(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, observables=["ZZ"], priority=5)
        group.add(BELL, shots=10)
        backend = Paid(values=False)
        report = run(group, backend, prices={"lab": {"batch": 1.0}}, max_cost=1.0, max_batch_size=1)
        assert (report.done, report.failed, report.left, report.exit_code) == (1, 1, 0, 1)


def test_prices_that_cannot_be_asked_matter_only_where_something_is_bound(group):
    from qbatch.errors import Transient

    class Silent(Paid):
        def prices(self):
            raise Transient("503")

    refused = run(group, Silent(), prices={}, max_cost=100.0)
    assert (refused.exit_code, refused.done) == (3, 0)
    assert run(group, Silent(), prices={}).exit_code == 0


def test_a_plan_says_what_would_not_be_sent(group):
    from qbatch.engine.plan import make_plan

    with Store(group.path) as store:

        def warnings(backend, **settings):
            wishes = RunSettings(**{"default_backend": "lab", "prices": SHOT, **settings})
            plan = make_plan(store, [group.status()], lambda _: backend, wishes)
            return plan.backends[0].warnings

        assert warnings(Paid()) == []
        (said,) = warnings(Paid(), max_cost=3.0)
        assert (
            said
            == "not all of it would be sent: --max-cost 3: 0 spent or reserved, the next takes 8"
        )
        (said,) = warnings(Paid(), budgets={"lab": Budget(month=5.0)})
        assert said == "not all of it would be sent: its budget has no room for 8 more"
        (said,) = warnings(Paid(), prices={}, max_cost=3.0)
        assert "nobody knows the price" in said


def test_no_service_is_asked_for_prices_that_nobody_needs(group):
    class Curious(Paid):
        asked = 0

        def prices(self):
            self.asked += 1
            return {"second": 1.0}

        def status(self, remote_id):
            return BatchStatus(state=RemoteState.DONE, usage=Usage(seconds=2.0))

    backend = Curious(seconds=5.0)
    assert run(group, backend, prices={}).exit_code == 0
    assert backend.asked == 0
    group.edit(more_shots=100)
    assert run(group, backend, prices={}, max_cost=50.0).exit_code == 0
    assert backend.asked == 1
