"""Programs from the shell: added, run, listed, drawn, run again; in this process."""

import json

import pytest

from ..programs.conftest import CIRCUIT, PROGRAMS


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    (folder / "programs.py").write_text(PROGRAMS)
    (folder / "one.qasm3").write_text(CIRCUIT)
    (folder / "text.txt").write_text("a text of some lines\n" * 3)
    return folder


@pytest.fixture
def call(place, in_process):
    return in_process(place)


DAY = [
    ("add study programs.py:walk -p x=0.1,0.2,0.3 --seed 3 --tag day=mon", 0, "3 programs"),
    ("add study programs.py:none", 2, "has no function none"),
    ("add study programs.py:walk one.qasm3", 2, "with a command of their own"),
    ("add study programs.py:walk --arg nonsense=1", 2, "cannot be called"),
    ("add study one.qasm3 -p a=0 --arg x=1", 2, "--arg is for programs"),
    ("status", 0, "study: programs waiting 3; 0 rounds"),
    ("plot study", 2, "no program of 'study' has reported"),
    ("run study/p2 --executor serial", 0, "4 done, 0 failed; 4 batches"),
    ("run study --executor serial", 0, "programs: done 2"),
    ("run study --executor serial", 0, "nothing to do in study"),
    ("status study", 0, "study: programs done 3; 12 rounds; best"),
    ("results study", 0, "p2       walk  x=0.2           4"),
    ("results study/p2-3 --format csv", 0, "number,name,status,best,steps,seed"),
    ("results study --format npz -o x.npz", 2, "have no form npz"),
    ("results study/p1 --steps", 0, "day=mon"),
    ("show study/p1", 0, "code        programs.py:walk"),
    ("show study/p1 --source", 0, "def walk(ctx, x=0.5, rounds=4):"),
    ("show study/1", 0, "program     p2, step 0, place 0"),
    ("why study/p1", 0, "next: qbatch results study/p1"),
    ("why study/p9", 2, "no program p9, nor a job named 'p9'"),
    ("plot study", 0, "best value so far against round"),
    ("plot study/p1 -o curve.png", 0, ""),
    ("plot study/p1 --kind convergence --postselect c0=0", 2, "programs' values have none"),
    ("delete study/p1 --yes", 2, "programs are not deleted one by one"),
    ("report study -o study.html", 0, "study.html"),
    ("watch study", 0, "done 12"),
    ("rerun study", 0, "nothing to rerun in study"),
    ("rerun study --from-step 1", 2, "--from-step needs the programs to be named"),
    ("rerun study/p1 --from-step 2", 2, "nobody to ask here"),
    ("rerun study/p1 --from-step 9 --yes", 2, "study/p1 has no step 9: it has 4, from 0"),
    ("rerun study/p1 --from-step 2 --yes --executor serial", 0, "2 done"),
    ("rerun study/p1 --from-step 2 --yes --keep", 2, "--keep is for jobs"),
    ("add other programs.py:unseeded", 0, "1 program to other: p1"),
    ("cancel other/p1 --status error", 0, "nothing to cancel"),
    ("cancel other/p1", 0, "cancelled 1 program of other"),
    ("why other/p1", 0, "next: qbatch rerun other/p1 goes on from step 0"),
    ("rerun other/p1 --executor serial", 0, "programs: done 1"),
    ("rerun other/p1 --from-step 2 --yes --executor serial", 1, "programs: error 1"),
    ("why other/p1", 0, "instead of"),
    ("add args programs.py:prints --arg text=@text.txt", 2, "cannot be called"),
    ("add args programs.py:prints --arg text=@none.txt", 2, "cannot be read"),
    ("add args builtin:rb --arg lengths=[1,2] --arg samples=2 --shots 50 -q", 0, "p1"),
    ("results args", 0, "lengths=[1, 2]"),
    ("run args --schedule sometimes", 2, "--schedule 'sometimes': one of barrier, eager"),
    ("run args --program-hosts 0", 2, "nothing could run programs"),
    ("db verify", 0, "sound"),
    ("copy study again", 0, "again: 0 jobs of study"),
    ("status again", 0, "again: programs waiting 3"),
    ("delete other --yes", 0, "deleted other"),
]


def test_a_day_with_programs(call):
    for line, code, said in DAY:
        assert said in call(line, code), line
    assert len(call("jobs study/p3 -q").split()) == 4


def test_json_says_what_the_tables_do(call, place):
    call("add js programs.py:walk --seed 3")
    call("run js --executor serial --json")
    found = json.loads(call("results js --json"))
    (program,) = found["programs"]
    assert (program["status"], program["steps"]) == ("done", 4)
    (group,) = json.loads(call("status js --json"))["groups"]
    assert group["programs"]["counts"] == {"done": 1}
    (shown,) = json.loads(call("show js/p1 --json"))["programs"]
    assert "def walk" in shown["source"]["programs.py"]
    (why,) = json.loads(call("why js/p1 --json"))["programs"]
    assert why["advice"].startswith("qbatch results js/p1")
    rows = json.loads(call("results js --steps --json"))["results"]
    assert [(row["program"], row["step"], row["place"]) for row in rows] == [
        (1, k, 0) for k in range(4)
    ]


def test_the_page_shows_how_they_converge(call, place):
    call("add page programs.py:walk -p x=0.1,0.2 --seed 3")
    call("run page --executor serial")
    call("report page -o page.html")
    text = (place / "page.html").read_text()
    assert "<h2>Programs</h2>" in text
    assert "best value so far against round" in text
