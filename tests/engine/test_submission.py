"""Seeds of jobs, and what a submission is made of."""

from dataclasses import replace

from qbatch.engine.submission import fix_seed

from ..builders import planned_job


def test_seeds_differ_by_key_offset_and_for_a_runs_also_by_number():
    plain = planned_job(1)
    assert fix_seed(plain, None).seed is None
    own = planned_job(1, seed=5)
    assert fix_seed(own, 9).seed == fix_seed(own, None).seed != 5
    assert fix_seed(own, 9).seed == fix_seed(replace(planned_job(1, seed=5), number=8), 9).seed
    assert fix_seed(own, 9).seed != fix_seed(planned_job(1, seed=5, offset=10), 9).seed
    assert fix_seed(own, 9).seed != fix_seed(planned_job(1, seed=5, key=b"x"), 9).seed
    assert fix_seed(own, 9).seed != fix_seed(planned_job(1, seed=6), 9).seed
    assert fix_seed(plain, 9).seed != fix_seed(replace(planned_job(1), number=8), 9).seed
    assert fix_seed(plain, 9).seed != fix_seed(plain, 8).seed
