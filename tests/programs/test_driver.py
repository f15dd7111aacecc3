"""Programs in a run: their rounds as jobs, replay, and what can go wrong; with real hosts."""

import math
import re
from typing import Any

import pytest

from qbatch import JobGroup, Status, UsageError
from qbatch.domain.states import Failure, ProgramStatus
from qbatch.store import Store


def jobs(group, number=1):
    return [job for job in group.jobs if job.program == number]


def test_rounds_are_jobs_and_the_value_is_kept(group, one):
    program = one("walk", seed=3, parameters={"x": [0.25]}, arguments={"rounds": 3})
    assert program.status is ProgramStatus.DONE
    assert (program.steps, len(jobs(group))) == (3, 3)
    first, second, third = (result.expectation_values[0].value for result in group.results())
    assert program.value["x"] == pytest.approx(0.25 + 0.1 * (first + second + third), abs=0.031)
    assert program.best == min(first, second, third)
    assert {"python", "numpy"} <= program.environment.keys()
    assert group.run(executor="serial").programs == {}
    assert group.status().counts == {Status.DONE: 3}


def test_a_seed_makes_the_same_numbers_and_another_others(one):
    first, second, other = (one("drawn", seed=seed).value for seed in (5, 5, 6))
    assert first == second != other


def test_many_programs_share_their_rounds(group):
    group.add_program("programs.py:walk", parameters={"x": [0.1 * k for k in range(12)]}, seed=1)
    report = group.run(executor="serial", program_hosts=2)
    assert report.programs == {"done": 12}
    assert report.jobs == 48
    assert report.submissions <= 10  # four rounds of twelve, or a little more
    first = [job.program for job in group.jobs if job.step == 0]
    assert sorted(first) == list(range(1, 13))


WAYS: list[dict[str, Any]] = [
    {"schedule": "eager", "max_wait": 0.001},
    {"max_batch_size": 1},
    {"executor": "local:2", "program_hosts": 2},
]


def test_the_way_of_sending_changes_no_number(group):
    for way in ({}, *WAYS):
        group.add_program("programs.py:drawn", parameters={"rounds": [2, 3, 4]}, seed=1)
        options: dict[str, Any] = {"executor": "serial", **way}
        group.run(**options)
    values = [program.value for program in group.programs()]
    assert [len(value) for value in values[:3]] == [2, 3, 4]
    assert [values[3 * k : 3 * k + 3] for k in range(4)] == [values[:3]] * 4


def test_a_program_goes_on_from_what_it_was_answered(group, one):
    before = one("walk", seed=3)
    ids = [job.id for job in jobs(group)]
    report = group.rerun("p1", from_step=2, executor="serial")
    assert (report.done, report.programs) == (2, {"done": 1})
    (after,) = group.programs()
    assert after.value == before.value
    assert [job.id for job in jobs(group)][:2] == ids[:2]


def test_every_optimizer_is_durable_as_it_is(group):
    """Half of their rounds forgotten, they come to the same values bit by bit."""
    group.add_program("programs.py:optimized", parameters={"k": list(range(6))}, seed=3)
    group.run(executor="serial")
    before = group.programs()
    assert [program.status for program in before] == [ProgramStatus.DONE] * 6
    assert min(program.steps for program in before) > 8
    for program in before:
        value, (x,) = program.value
        assert value == pytest.approx(math.cos(x), abs=1e-9)
        with Store(group.path) as store:
            store.journal.drop(program, program.steps // 2)
            store.programs.renew(program.id)
    group.run(executor="serial")
    assert [(p.value, p.steps) for p in group.programs()] == [(p.value, p.steps) for p in before]


def test_what_draws_without_a_seed_is_found(group, one):
    one("unseeded")
    group.rerun("p1", from_step=2, executor="serial")
    (program,) = group.programs()
    assert (program.status, program.failure) == (ProgramStatus.ERROR, Failure.INVALID)
    assert re.match(r"step 0: evaluation 0: parameter values 0\.\d+ instead of 0\.", program.error)


def test_a_side_effect_that_is_recorded_is_replayed(group, one):
    before = one("clocked").value
    group.rerun("p1", from_step=1, executor="serial")
    assert group.programs()[0].value == before


def test_a_program_that_ends_earlier_than_before_is_found(group, one, place):
    one("walk", seed=3)
    text = (place / "programs.py").read_text()
    (place / "programs.py").write_text(
        text.replace("in range(rounds):\n        x +=", "in [1]:\n        x +=")
    )
    group.rerun("p1", from_step=3, executor="serial", accept_changes=True)
    (program,) = group.programs()
    assert "it ended after 1 steps, where it asked 3 before" in program.error


def test_changed_code_is_refused_and_then_held_against_the_journal(group, place):
    group.add_program("programs.py:walk", seed=3)
    with Store(group.path) as store:
        (program,) = store.programs.of([group.status().id])
    text = (place / "programs.py").read_text()
    (place / "programs.py").write_text(text.replace("FACTOR = 1.0", "FACTOR = 2.0"))
    with pytest.raises(UsageError, match=r"(?s)was changed since.*-FACTOR = 1\.0.*\+FACTOR = 2\.0"):
        group.run(executor="serial")
    assert len(group) == 0
    group.run(executor="serial", accept_changes=True)
    assert group.programs()[0].status is ProgramStatus.DONE
    assert group.programs()[0].source != program.source
    (place / "programs.py").write_text(text)
    group.rerun("p1", from_step=3, executor="serial", accept_changes=True)
    assert "step 1: evaluation 0: parameter values" in group.programs()[0].error


def test_code_that_has_gone_runs_from_what_was_kept(group, place):
    group.add_program("programs.py:walk", seed=3)
    (place / "programs.py").unlink()
    group.run(executor="serial")
    assert group.programs()[0].status is ProgramStatus.DONE


def test_four_ways_to_fail_cost_one_result_each(group):
    group.add_program("programs.py:mixed", parameters={"k": list(range(12))}, seed=1)
    report = group.run(executor="serial", step_timeout=1.5, program_hosts=1)
    assert report.programs == {"done": 8, "error": 4}
    assert report.exit_code == 1
    failed = {p.arguments["k"]: p for p in group.programs() if p.status is ProgramStatus.ERROR}
    assert sorted(failed) == [1, 2, 3, 4]
    assert [failed[k].failure for k in sorted(failed)] == ["invalid", "timeout", "lost", "invalid"]
    assert "ValueError: broken on purpose (programs.py:" in failed[1].error
    assert "in mixed)" in failed[1].error
    assert "more than 1.5 s" in failed[2].error
    assert "it ended its process" in failed[3].error
    assert "not exact" in failed[4].error
    assert not any(job.status is Status.UNSENT for job in group.jobs)


def test_what_a_program_does_after_it_was_moved_is_not_its_own(group):
    """It computes for long, so it goes on in another process; its old thread swallows the end."""
    group.add_program("programs.py:many", parameters={"k": [1, 2, 3]}, seed=1)
    group.add_program("programs.py:stubborn", seed=1)
    assert group.run(executor="serial", program_hosts=1).programs == {"done": 4}
    stubborn = group.programs("p4")[0]
    assert stubborn.steps == 4
    assert stubborn.value == [0, 1, 2, 3]


def test_a_host_that_ends_while_a_child_of_its_lives_is_noticed(group):
    group.add_program("programs.py:forks", seed=1)
    group.add_program("programs.py:walk", seed=1)
    assert group.run(executor="serial", program_hosts=1).programs == {"done": 1, "error": 1}
    assert "it ended its process" in group.programs("p1")[0].error


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("too_large", "more than 64 bits"),
        ("unspeakable", "ValueError"),
        ("asks_in_a_generator", "a generator yields what it asks"),
    ],
)
def test_what_cannot_be_told_ends_one_program(group, name, said):
    group.add_program(f"programs.py:{name}", seed=1)
    group.add_program("programs.py:generated", seed=1)
    group.run(executor="serial", program_hosts=1)
    failed, other = group.programs()
    assert failed.status is ProgramStatus.ERROR
    assert said in failed.error
    assert other.status is ProgramStatus.DONE


def test_directories_with_modules_of_one_name_keep_apart(group, tmp_path):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "same_name.py").write_text(f"WHERE = {place!r}")
        (tmp_path / place / "own.py").write_text(
            "import same_name\ndef solve(ctx): return same_name.WHERE"
        )
        group.add_program(str(tmp_path / place / "own.py") + ":solve")
    group.run()
    assert [program.value for program in group.programs()] == ["a", "b"]


def test_a_generator_needs_no_thread(one):
    program = one("generated")
    assert (program.status, program.steps) == (ProgramStatus.DONE, 3)
    assert program.value[1] == 0


def test_a_job_that_fails_is_told_to_its_program(one):
    assert one("caught").value == "done"
    program = one("caught", options={"method": "unitary"})
    assert program.status is ProgramStatus.DONE
    assert program.value == ["invalid", "study/2"]


def test_what_is_no_json_is_no_value(one):
    program = one("no_json")
    assert program.status is ProgramStatus.ERROR
    assert "a object is no JSON value" in program.error


def test_a_program_may_ask_nothing_and_print_what_it_likes(one, capfd):
    program = one("prints")
    assert (program.status, program.steps, program.value) == (ProgramStatus.DONE, 0, {})
    assert "on standard output" not in capfd.readouterr().out


def test_a_cancelled_program_is_not_run_and_may_go_on(group, one):
    group.add_program("programs.py:walk", seed=3)
    group.cancel("p1")
    assert group.run(executor="serial").programs == {}
    assert group.programs()[0].status is ProgramStatus.CANCELLED
    group.rerun("p1", executor="serial")
    assert group.programs()[0].status is ProgramStatus.DONE


def test_only_the_programs_that_are_named_run(group):
    group.add_program("programs.py:walk", parameters={"x": [0.1, 0.2, 0.3]}, seed=1)
    assert group.run("p2", executor="serial").programs == {"done": 1}
    assert [p.status for p in group.programs()] == ["waiting", "done", "waiting"]
    assert group.run("p2-3", executor="serial").programs == {"done": 1}
    assert {job.program for job in group.jobs} == {2, 3}


def test_a_limit_is_for_jobs(group):
    notes: list[str] = []

    class Noting:
        def update(self, state):
            """Ignore it."""

        note = staticmethod(notes.append)

    group.add_program("programs.py:walk")
    assert group.run(limit=3, executor="serial", observer=Noting()).programs == {}
    assert any("programs are not started (1)" in note for note in notes)


def test_what_came_in_an_archive_runs_when_it_is_accepted(group, db):
    group.add_program("programs.py:walk", seed=3)
    with Store(db) as store:
        records = list(store.archive.records(store.groups.get("study")))
        store.archive.restore(records, "foreign")
    with JobGroup("foreign", db=db) as foreign:
        with pytest.raises(UsageError, match="its code is foreign"):
            foreign.run(executor="serial")
        assert len(foreign) == 0
        foreign.run(executor="serial", accept_code=True)
        assert foreign.programs()[0].status is ProgramStatus.DONE


def test_many_that_end_their_processes_cost_one_result_each(group):
    """More than a run starts hosts again for without knowing whom to blame."""
    group.add_program("programs.py:exits", parameters={"k": list(range(28))}, seed=1)
    report = group.run(executor="serial", program_hosts=1)
    assert report.programs == {"done": 13, "error": 15}
    failed = {p.arguments["k"] for p in group.programs() if p.status is ProgramStatus.ERROR}
    assert failed == set(range(15))
