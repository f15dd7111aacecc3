"""Single checks by name, in the environment that is there: ``nox -s types``."""

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["style", "types", "imports", "complexity", "generated", "docs"]


@nox.session
def style(session: nox.Session) -> None:
    """Ruff: lints and format."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Import-linter: the rooms and their directions."""
    session.run("lint-imports")


@nox.session
def complexity(session: nox.Session) -> None:
    """Radon: nothing of class C or worse, which it would print."""
    found = session.run("radon", "cc", "qbatch", "--min", "C", silent=True)
    if found:
        session.error(str(found))


@nox.session
def generated(session: nox.Session) -> None:
    """Generated files are current."""
    session.run("python", ".ci/generate.py", "--check")


@nox.session
def docs(session: nox.Session) -> None:
    """The pages build; their links and examples hold."""
    session.run("mkdocs", "build", "--strict", "--quiet")
    session.run("python", "-m", "pytest", "tests/test_docs.py")


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite, with branch coverage: eight to ten minutes on two cores."""
    session.run("python", "-m", "pytest", "-n", "2", "--cov", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Wheel and sdist, built and tried in a clean environment."""
    session.run("python", ".ci/wheel.py")
