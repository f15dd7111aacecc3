"""The command line as data: where words lead."""

from qbatch.cli import spec

TABLE: spec.Spec = {
    "options": {"--db": {"value": "FILE"}, "--debug": {"value": None}},
    "commands": {
        "run": {"options": {"--limit": {"value": "N"}, "--json": {"value": None}}},
        "db": {"options": {}, "commands": {"sql": {"options": {}}}},
    },
}


def test_words_lead_to_their_command_with_what_stands_before_it():
    place = spec.walk(TABLE, ["--db", "run", "--debug", "run", "g", "--limit", "3"])
    assert (place.path, place.before) == (("run",), {"--db": "run"})
    assert place.given == ["g", "--limit", "3"]
    assert spec.walk(TABLE, ["db", "sql", "x"])[1:3] == (("db", "sql"), ["x"])
    assert spec.walk(TABLE, ["nonsense"]).path == ()


def test_help_is_asked_for_anywhere_but_as_a_value():
    assert spec.asks_for_help(TABLE, ["run", "g", "--help"]) == ("run",)
    assert spec.asks_for_help(TABLE, ["--db", "x", "run", "-h"]) == ("run",)
    assert spec.asks_for_help(TABLE, ["run", "--limit", "-h"]) is None
    assert spec.asks_for_help(TABLE, ["run", "--", "-h"]) is None
    assert spec.asks_for_help(TABLE, ["db"]) == ("db",)
    assert spec.asks_for_help(TABLE, []) == ()
    assert spec.asks_for_help(TABLE, ["run"]) is None
    assert spec.asks_for_help(TABLE, ["nonsense", "-h"]) is None


def test_every_command_is_listed_by_its_words():
    assert list(spec.paths(TABLE)) == [("run",), ("db", "sql")]
    assert spec.at(TABLE, ("db", "sql")) == {"options": {}}


def test_the_real_one_has_every_command_of_the_application():
    from qbatch.cli.app import COMMANDS

    assert set(spec.load()["commands"]) == set(COMMANDS)
