"""Where a program's code is: references, the text that is kept of it, and loading it."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import inspect
import os
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from qbatch.domain.programs import Source
from qbatch.errors import NotFound, UsageError

_REFERENCE = re.compile(r"(?P<place>.+\.py|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*)")
_BUILT_IN = "builtin"
_PACKAGES = ("numpy", "scipy", "qiskit", "qiskit-aer", "qbatch-quantum")
_NOT_OWN = ("site-packages", "dist-packages")

Function = Callable[..., Any]


def is_reference(text: str) -> bool:
    """Whether a word names a program: ``file.py:function``, ``package.module:function``.

    A file of that very name is what it is: a file.
    """
    return _REFERENCE.fullmatch(text) is not None and not Path(text).exists()


def absolute(reference: str) -> tuple[str, str]:
    """A reference as it is stored, and the directory that it is looked for in.

    Raises:
        NotFound: there is no such file.
    """
    place, name = _cut(reference)
    if place == _BUILT_IN or not place.endswith(".py"):
        return reference, "" if place == _BUILT_IN else str(Path.cwd())
    path = Path(place).expanduser()
    if not path.is_file():
        raise NotFound(f"{place}: there is no such file", hint=f"FILE.py:{name} names a program")
    path = path.resolve()
    return f"{path.name}:{name}", str(path.parent)


def _cut(reference: str) -> tuple[str, str]:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise UsageError(
            f"{reference!r} names no program",
            hint="write FILE.py:FUNCTION, PACKAGE.MODULE:FUNCTION or builtin:NAME",
        )
    return found["place"], found["name"]


def load(reference: str, directory: str) -> Function:
    """The function of a reference; this runs its module.

    Args:
        directory: in which the file is; it comes first on the path of modules.

    Raises:
        NotFound: there is no such file, module or function.
    """
    place, name = _cut(reference)
    if place == _BUILT_IN:
        return _built_in(name)
    if directory and directory not in sys.path:
        _read_as_it_stands(directory)
        sys.path.insert(0, directory)
    module = _of_file(Path(directory, place)) if place.endswith(".py") else _of_name(place)
    found = getattr(module, name, None)
    if not callable(found):
        raise NotFound(f"{reference}: {place} has no function {name}")
    function: Function = found
    return function


class _AsItStands(SourceFileLoader):
    """Loads a module from its text, never from what was once compiled of it.

    Python takes a compiled file for the text's where size and second of the last change are the
    same: a constant that is changed within a second would go unseen, while its text is hashed.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _read_as_it_stands(directory: str) -> None:
    """Have the modules of a directory, and of packages in it, loaded from their texts."""
    extensions = (ExtensionFileLoader, EXTENSION_SUFFIXES)

    def finder(path: str) -> FileFinder:
        lies_in = path == directory or path.startswith(directory + os.sep)
        if not (lies_in and _is_own(Path(path))):
            raise ImportError(path)
        return FileFinder(path, extensions, (_AsItStands, SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, finder)
    for path in [known for known in sys.path_importer_cache if known.startswith(directory)]:
        del sys.path_importer_cache[path]


def _built_in(name: str) -> Function:
    from qbatch.programs import builtin

    if name not in builtin.NAMES:
        raise NotFound(
            f"there is no built-in program {name!r}", hint=f"one of {', '.join(builtin.NAMES)}"
        )
    module = importlib.import_module(f"qbatch.programs.builtin.{name}")
    function: Function = module.solve
    return function


def _of_name(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        raise NotFound(f"there is no module {name}") from error


def _of_file(path: Path) -> ModuleType:
    """The module of a file, under its own name unless another module has it."""
    name = path.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) != str(path):
        name = f"_qbatch_{abs(hash(str(path)))}_{name}"
        known = sys.modules.get(name)
    if known is not None:
        return known
    loader = _AsItStands(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None or not path.is_file():
        raise NotFound(f"{path}: there is no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def check_arguments(function: Function, reference: str, arguments: Mapping[str, Any]) -> None:
    """Make sure that a function can be called with a context and these arguments.

    Raises:
        UsageError: it cannot.
    """
    try:
        inspect.signature(function).bind(None, **arguments)
    except TypeError as error:
        raise UsageError(
            f"{reference} cannot be called with these arguments: {error}",
            hint="its first parameter is the context; --param and --arg give the others",
        ) from error
    except ValueError:  # a callable that tells nothing of itself
        return


def files_of(function: Function, directory: str) -> list[str]:
    """The files of the modules that are imported from a function's own directory tree.

    Installed packages are left out: their versions stand in the environment.
    """
    own = _file(sys.modules.get(getattr(function, "__module__", ""), None))
    files: list[Path | None] = [own]
    top = Path(directory).resolve() if directory else None
    if top is not None:
        files += [file for file in map(_file, list(sys.modules.values())) if _lies_in(file, top)]
        files += imported([file for file in files if file is not None], top)
    return sorted({str(file) for file in files if file is not None and _is_own(file)})


def imported(files: Iterable[Path], top: Path) -> set[Path]:
    """The files below a directory that files import, wherever in them, and so on.

    What a function imports when it is called is no module yet; what is imported by a name that
    is made at run time is not found.
    """
    found: set[Path] = set()
    left = list(files)
    while left:
        for file in _imports(left.pop(), top):
            if file not in found and file.is_file():
                found.add(file)
                left.append(file)
    return found


def _imports(file: Path, top: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _modules(top, alias.name, top)
        elif isinstance(node, ast.ImportFrom):
            place = file.parents[node.level - 1] if node.level else top
            for alias in node.names:
                yield from _modules(place, f"{node.module or ''}.{alias.name}", top)


def _modules(place: Path, name: str, top: Path) -> Iterator[Path]:
    """Where a module could be, and the packages that it lies in."""
    path = place.joinpath(*filter(None, name.split(".")))
    for parent in (path, *path.parents):
        if parent == top or not parent.is_relative_to(top):
            break
        yield from (parent.with_suffix(".py"), parent / "__init__.py")


def _file(module: ModuleType | None) -> Path | None:
    name = getattr(module, "__file__", None)
    return Path(name).resolve() if name and str(name).endswith(".py") else None


def _lies_in(file: Path | None, top: Path) -> bool:
    return file is not None and file.is_relative_to(top)


def _is_own(file: Path) -> bool:
    places = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    others = [Path(__file__).resolve().parents[1], *(Path(place).resolve() for place in places)]
    return not set(_NOT_OWN) & set(file.parts) and not any(map(file.is_relative_to, others))


def read(directory: str, files: Iterable[str]) -> Source:
    """The text of files, by their path from a directory.

    Raises:
        UsageError: one cannot be read.
    """
    found = {}
    for file in files:
        path = Path(file)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: cannot be read: {error}") from error
        found[_relative(path, directory)] = text
    return Source(directory=directory, files=found)


def _relative(path: Path, directory: str) -> str:
    top = Path(directory).resolve()
    return str(path.relative_to(top)) if path.is_relative_to(top) else str(path)


def current(source: Source) -> Source | None:
    """The same files as they are now; None where not all of them are there (any more)."""
    if not source.directory:  # it came in an archive
        return None
    paths = [Path(source.directory, name) for name in source.files]
    if not all(path.is_file() for path in paths):
        return None
    return read(source.directory, map(str, paths))


def difference(before: Source, now: Source) -> str:
    """What changed, as a unified diff."""
    import difflib

    lines: list[str] = []
    for name in sorted({*before.files, *now.files}):
        old, new = (
            text.splitlines(keepends=True)
            for text in (before.files.get(name, ""), now.files.get(name, ""))
        )
        lines += difflib.unified_diff(old, new, f"{name} (as it was added)", f"{name} (now)")
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def unpack(source: Source, directory: Path) -> None:
    """Write the files of a text into a directory; those that lay elsewhere are left out.

    Raises:
        UsageError: a name leads out of it.
    """
    for name, text in source.files.items():
        if Path(name).is_absolute():
            continue
        path = (directory / name).resolve()
        if not path.is_relative_to(directory.resolve()):
            raise UsageError(f"the text of a program holds a file {name!r}, outside of its place")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def environment() -> dict[str, str]:
    """The versions that a program's numbers may depend on."""
    import platform

    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
