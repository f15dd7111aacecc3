"""Work on payloads before they are sent: compiling for a target.

A compiler says what comes of one circuit; a `stage.CompileStage` has many compiled by worker
processes, each judged by itself. Nothing here knows the store: the engine keeps what comes of
it, so that nothing is compiled twice.
"""
