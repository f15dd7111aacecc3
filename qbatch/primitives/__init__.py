"""Durable primitives: drop-in for Qiskit's, over any backend of the configuration.

With only the import and the constructor of a script changed, every call of a primitive is a
stored, merged, resumable job of a group. Run again after a crash, the script gets the calls that
it has made already from the store, in order, and goes on.

>>> from qbatch.primitives import EstimatorV2                       # doctest: +SKIP
>>> estimator = EstimatorV2(group="vqe")                            # doctest: +SKIP
"""

from qbatch.primitives.estimator import EstimatorV2
from qbatch.primitives.job import DurableJob
from qbatch.primitives.sampler import SamplerV2

__all__ = ["DurableJob", "EstimatorV2", "SamplerV2"]
