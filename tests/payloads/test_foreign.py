"""Objects of packages that are not imported."""

from fractions import Fraction

from qbatch.payloads.foreign import is_one


class Own(Fraction):
    """Derived from one."""


def test_a_class_or_one_that_it_derives_from_is_meant():
    assert is_one(Fraction(1), "fractions", "Fraction", "Other")
    assert is_one(Own(1), "fractions", "Fraction")
    assert not is_one(Fraction(1), "fractions", "Other")
    assert not is_one(Fraction(1), "fraction", "Fraction")
    assert not is_one(3, "fractions", "Fraction")
