"""Whatever an adapter raises becomes a failure of its backend."""

import pytest

from qbatch.engine.adapter_calls import asked
from qbatch.errors import BackendError, Transient


def test_adapters_may_raise_what_they_like():
    class Odd(BaseException):
        pass

    def raising(error):
        def call():
            raise error

        return call

    assert asked(lambda: 3) == 3
    for error in (ValueError("no"), Odd("no"), SystemExit(2)):
        with pytest.raises(BackendError, match=type(error).__name__):
            asked(raising(error))
    for own in (Transient("later"), KeyboardInterrupt(), GeneratorExit()):
        with pytest.raises(type(own)):
            asked(raising(own))
