"""Small tables for notebooks."""

from qbatch.domain.html import table


def test_a_table():
    assert table("a", ["x"], [[1], [None]]) == (
        "<table><caption>a</caption><thead><tr><th>x</th></tr></thead>"
        "<tbody><tr><td>1</td></tr><tr><td></td></tr></tbody></table>"
    )


def test_nothing_of_outside_is_html():
    found = table("<b>", ["<i>"], [["<script>alert('x')</script>"]])
    assert "<b>" not in found
    assert "<i>" not in found
    assert "<script" not in found
