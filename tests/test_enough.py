"""Short forms of the campaigns about enough shots and budgets."""

from benchmarks import budget_kills, enough


def test_intervals_hold_the_truth_though_rules_stop_on_the_data(capsys):
    assert enough.campaign_of_errors(150, seed=2) == 0
    assert capsys.readouterr().out.count(": caught") == 2


def test_added_shots_follow_the_law_of_all_of_them(capsys):
    assert enough.campaign_of_top_ups(40, seed=2) == 0
    assert "added before the first run or after: the same" in capsys.readouterr().out


def test_a_budget_holds_though_runs_are_killed(capsys):
    assert budget_kills.campaign(9, 60, seed=3) == 0, capsys.readouterr().out
