"""A program in a directory, and a group to run it in."""

import pytest

from qbatch import JobGroup

CIRCUIT = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; rx(a) q[0];'
OPTIMIZED = '''
METHODS = ["COBYLA", "BFGS", "Nelder-Mead", "Powell", "differential_evolution", "SPSA"]

def optimized(ctx, k):
    """An optimizer of SciPy's, or SPSA, as they are."""
    import scipy.optimize
    from qbatch.programs.builtin.spsa import spsa

    method = METHODS[k]
    def value(x):
        return ctx.expectation(CIRCUIT, [float(x[0])], "Z")
    if method == "differential_evolution":
        found = scipy.optimize.differential_evolution(
            value, [(0, 6)], seed=ctx.rng, maxiter=2, popsize=4, polish=False
        )
    elif method == "SPSA":
        best, where = spsa(ctx.rng, value, lambda xs: [value(x) for x in xs], [0.7], 8)
        return [best, list(where)]
    else:
        found = scipy.optimize.minimize(value, [0.7], method=method, options={"maxiter": 15})
    return [float(found.fun), [float(x) for x in found.x]]
'''
PROGRAMS = (
    OPTIMIZED
    + f'''
import os, random, time
from qbatch import Evaluation, JobFailed

CIRCUIT = {CIRCUIT!r}
COUNTED = CIRCUIT.replace("qubit[1] q;", "qubit[1] q; bit[1] c;") + "c[0] = measure q[0];"
FACTOR = 1.0

def walk(ctx, x=0.5, rounds=4):
    """A few rounds, each from what the one before came to."""
    for _ in range(rounds):
        x += 0.1 * FACTOR * ctx.expectation(CIRCUIT, [x], "Z") + 0.01 * ctx.rng.random()
    return {{"x": x}}

def drawn(ctx, rounds=4, shots=50):
    found = [ctx.counts(COUNTED, {{"a": 0.3 * k}}, shots) for k in range(rounds)]
    return [one.get("1", 0) for one in found]

def unseeded(ctx):
    return [ctx.expectation(CIRCUIT, [random.random()], "Z") for _ in range(4)]

def clocked(ctx):
    now = ctx.record("now", time.time)
    for _ in range(3):
        ctx.expectation(CIRCUIT, [now % 1], "Z")
    return now

def many(ctx, k):
    return sum(ctx.expectation(CIRCUIT, [0.01 * n * k], "Z") for n in range(60))


def stubborn(ctx):
    best = []
    try:
        for n in range(4):
            time.sleep(0.25)
            ctx.expectation(CIRCUIT, [0.1 * n], "Z")
            best.append(n)
    except:
        pass
    time.sleep(0.5)
    return best


def forks(ctx):
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
    ctx.expectation(CIRCUIT, [0.1], "Z")
    os._exit(5)


def too_large(ctx):
    return 2**70


def unspeakable(ctx):
    raise ValueError("\\udc80")


def asks_in_a_generator(ctx):
    yield [Evaluation(circuit=CIRCUIT, parameters=[0.1], observables="Z")]
    ctx.expectation(CIRCUIT, [0.1], "Z")


def generated(ctx, rounds=3):
    x, failed = 0.5, 0
    for k in range(rounds):
        try:
            (one, two) = yield [
                Evaluation(circuit=CIRCUIT, parameters=[x + d], observables="Z") for d in (0, 1)
            ]
        except JobFailed:
            failed += 1
        else:
            x += one.value - two.value
    return [x, failed]

def mixed(ctx, k):
    """Programs of which some fail, each in its way."""
    values = []
    for step in range(4):
        values.append(ctx.expectation(CIRCUIT, [0.1 * k + step], "Z"))
        if k == 1 and step == 2:
            raise ValueError("broken on purpose")
        if k == 2 and step == 1:
            while True:
                pass
        if k == 3 and step == 1:
            os._exit(3)
        if k == 4 and step == 1:
            ctx.expectation(COUNTED + "rx(a) q[0];", [0.1], "Z")
    return values

def exits(ctx, k):
    ctx.expectation(CIRCUIT, [0.1 * k], "Z")
    if k < 15:
        os._exit(3)

def caught(ctx):
    try:
        ctx.counts("OPENQASM 3.0; qubit[1] q; bit[1] c; c[0] = measure q[0];", [], 10)
    except JobFailed as error:
        return [error.failure, error.job]
    return "done"

def silent(ctx):
    return 1

def no_json(ctx):
    return object()

def prints(ctx):
    print("on standard output")
    return ctx.args
'''
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where the programs lie."""
    (tmp_path / "programs.py").write_text(PROGRAMS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def group(db, place):
    with JobGroup("study", db=db) as group:
        yield group


@pytest.fixture
def one(group):
    """Add a program, run it, and give what it has become."""

    def run(function, *, run=(), **options):
        (number,) = group.add_program(f"programs.py:{function}", **options)
        group.run(**{"executor": "serial", **dict(run)})
        return group.programs(f"p{number}")[0]

    return run
