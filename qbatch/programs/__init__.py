"""Programs: functions of the user's that ask for evaluations round by round, durable by replay.

A round is stored with its jobs before it is sent. After a crash the function is run again and
answered from what is stored, until it asks for what was never asked: nothing of an optimizer's
state is kept, so that every optimizer is durable.

`context` is what user code sees; `host` runs it, in a process of its own; `hosts` starts these
and hands messages to and fro; `driver` is its other end, in the run; `replay` compares; `source`
finds the code.
"""
