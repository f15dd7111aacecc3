"""The options of the commands that run."""

from __future__ import annotations

from typing import Annotated

import typer

from qbatch.cli import options as opt

Add = Annotated[
    list[str] | None,
    typer.Option("--add", metavar="PATH", help="Add circuits first, as qbatch add. Repeatable."),
]
Delay = Annotated[
    float,
    typer.Option(
        "--delay", metavar="SECONDS", help="From the end of a job to the start of the next."
    ),
]
BackendName = Annotated[
    str | None, typer.Option("--backend", help="Run there, whatever the jobs name.")
]
Executor = Annotated[
    str,
    typer.Option(
        "--executor", metavar="KIND", help="auto, serial, local:N or dask:tcp://HOST:PORT."
    ),
]
SamplingKind = Annotated[
    opt.Sampling,
    typer.Option("--sampling", help="Of exact circuits: from their distribution, or by Aer."),
]
BatchingMode = Annotated[
    opt.Batching, typer.Option("--batching", help="Many jobs a submission, or one.")
]
MaxBatchSize = Annotated[
    int | None, typer.Option("--max-batch-size", metavar="N", help="A hard cap on jobs a batch.")
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", metavar="N", help="Requests a second to a remote backend, at most."),
]
Notify = Annotated[
    str | None, typer.Option("--notify", metavar="URL", help="POST there how the run ended.")
]
MaxInFlight = Annotated[
    int | None, typer.Option("--max-in-flight", metavar="N", help="Batches under way at once.")
]
NoCoalesce = Annotated[
    bool, typer.Option("--no-coalesce", help="Simulate equal circuits each for itself.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Send nothing: show what qbatch plan shows.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="Run no more than so many jobs.")
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="For jobs without a seed of their own.")
]
Sort = Annotated[opt.Order, typer.Option("--sort", help="Order of sending.")]
WaitLock = Annotated[
    float,
    typer.Option("--wait-lock", metavar="SECONDS", help="Wait so long for another run to end."),
]
Retries = Annotated[
    int, typer.Option("--retries", metavar="N", help="Further tries after a passing failure.")
]
MaxFailures = Annotated[
    str | None,
    typer.Option("--max-failures", metavar="N|P%", help="Stop when so many jobs have failed."),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Give a batch up that takes longer."),
]
Deadline = Annotated[
    str | None,
    typer.Option("--deadline", metavar="TIME", help="Stop then: 06:00, or 2026-01-31T06:00."),
]
Bisect = Annotated[
    bool,
    typer.Option("--bisect", help="Split a batch that failed while running; good jobs run again."),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Send and leave; qbatch sync or wait fetches results.")
]
LogFile = Annotated[
    str | None,
    typer.Option("--log-file", metavar="FILE", help="Append a line there for all that happens."),
]
LogLevel = Annotated[opt.Level, typer.Option("--log-level", help="Of the lines in the log file.")]
Parallel = Annotated[
    bool,
    typer.Option("--parallel/--sequential", help="Many jobs at once, or one after another."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
