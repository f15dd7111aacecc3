"""Where local work runs: in this process, in worker processes, on a cluster.

`LocalBackend` stands on top of an executor: a local adapter says what a batch is and what it
costs, and has futures, cancelling, bystanders and worker pools from here.
"""
