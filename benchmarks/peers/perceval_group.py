"""Perceval's JobGroup: python perceval_group.py add|load NAME JOBS."""

import sys


def main(action, name, jobs):
    """Add so many jobs one by one, or load the group in a new process and count them."""
    from perceval.providers.quandela.rpc_handler import RPCHandler
    from perceval.runtime import JobGroup, RemoteJob

    if action == "load":
        assert len(JobGroup(name)) == int(jobs)
        return
    handler = RPCHandler("sim:test", "http://127.0.0.1:9", "token")
    group = JobGroup(name)
    for number in range(int(jobs)):
        data = {"platform_name": "sim:test", "payload": {"command": "probs", "x": "y" * 900}}
        group.add(RemoteJob(data, handler, f"job {number}"))


if __name__ == "__main__":
    main(*sys.argv[1:])
