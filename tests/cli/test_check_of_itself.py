"""A gate that holds a group against its own results says that nothing was measured."""


def said(qbatch, group, *more, code=0):
    return qbatch("check", group, "--baseline", "base.json", *more, code=code).stderr


def test_results_that_are_the_baselines_own_are_told(qbatch, bell):
    qbatch("add", "nightly", bell, "--shots", "1000")
    qbatch("run", "nightly")
    qbatch("check", "nightly", "--save", "base.json")
    assert "nothing was measured since" in said(qbatch, "nightly")
    qbatch("copy", "nightly", "tonight")
    qbatch("run", "tonight")
    counts = [qbatch.json("results", name, "--json")["results"][0]["counts"]
              for name in ("nightly", "tonight")]  # fmt: skip
    assert ("nothing was measured" in said(qbatch, "tonight")) is (counts[0] == counts[1])


def test_exact_results_are_the_same_every_night(qbatch, bell):
    qbatch("add", "exact", bell, "--probabilities")
    qbatch("run", "exact")
    qbatch("check", "exact", "--save", "base.json")
    assert "nothing was measured" not in said(qbatch, "exact")


def test_undecided_jobs_were_compared(qbatch, bell):
    qbatch("add", "few", bell, "--shots", "100")
    qbatch("run", "few")
    qbatch("check", "few", "--save", "base.json")
    qbatch("copy", "few", "again")
    qbatch("run", "again")
    told = qbatch("check", "again", "--baseline", "base.json", "--detect", "0.001").stdout
    assert "UNDECIDED" in told
    assert "nothing was compared" not in told
