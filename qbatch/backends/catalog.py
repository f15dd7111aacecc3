"""The backends that a user can name: installed adapters, and those of the configuration."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qbatch.backends import registry
from qbatch.config import BackendConfig, Config
from qbatch.domain.budgets import Budget
from qbatch.domain.naming import shell_quote
from qbatch.errors import NotFound, NotInstalled, QbatchError
from qbatch.payloads.registry import formats

if TYPE_CHECKING:
    from qbatch.seam import Backend

DEFAULT = "aer"


class Catalog:
    """All backends by name; one in the configuration goes before an adapter of its name.

    Attributes:
        default: where jobs run for which nobody names a backend.
        executors: tables of the configuration by executor, such as certificates.
    """

    def __init__(self, config: Config) -> None:
        self._named: dict[str, BackendConfig] = {
            name: BackendConfig(name=name, type=name, settings={}) for name in registry.available()
        }
        self._named.update(config.backends)
        self.executors = config.executors
        self.default = str(config.defaults.get("backend", DEFAULT))

    def get(self, name: str) -> BackendConfig:
        """The backend of that name.

        Raises:
            NotFound: there is none; the hint names the nearest, or all.
        """
        if name in self._named:
            return self._named[name]
        near = difflib.get_close_matches(name, self._named, 1)
        known = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(self._named)}"
        make = (
            f"qbatch config set backends.{shell_quote(name)}.type aer makes one (or another type)"
        )
        raise NotFound(f"there is no backend {name!r}", hint=f"{known}; {make}")

    def homes(self, default: str) -> dict[str, str]:
        """By payload format the backend of jobs that name none, where the default runs no such.

        Args:
            default: the default backend.
        """
        own = self._named[default].type if default in self._named else ""
        return {
            known.kind: known.adapters[0]
            for known in formats()
            if known.adapters and own not in known.adapters
        }

    def open(self, name: str, **run_settings: Any) -> Backend:
        """The backend, ready to use.

        Args:
            run_settings: such as ``executor``: handed to an adapter that names it in its
                ``run_settings``, unless the configuration says it.

        Raises:
            NotFound: there is none of that name, or its adapter is not installed here.
            BackendError: its adapter cannot be set up.
        """
        found = self.get(name)
        factory = registry.load(found.type)
        settings = dict(found.settings)
        for setting in getattr(factory, "run_settings", ()):
            if setting in run_settings:
                settings.setdefault(setting, run_settings[setting])
        return registry.make(factory, name, settings)

    def prices(self) -> dict[str, Mapping[str, float]]:
        """What the configuration says of prices, by backend."""
        return {name: backend.prices for name, backend in self._named.items()}

    def budgets(self) -> dict[str, Budget]:
        """What may be spent, by backend, where the configuration says it."""
        return {
            name: Budget(**backend.budget) for name, backend in self._named.items()
            if backend.budget
        }  # fmt: skip

    def has_price(self, name: str) -> bool:
        """Whether a backend has a price, or an adapter that may know one."""
        found = self._named.get(name)
        if found is None or found.prices:
            return found is not None
        try:
            return bool(getattr(registry.load(found.type), "may_cost", False))
        except NotInstalled:
            return False  # nothing can be sent there

    def described(self) -> list[dict[str, Any]]:
        """Every backend with its type, settings and limits, or what keeps it from working."""
        return [self._described(backend) for backend in self._named.values()]

    def _described(self, backend: BackendConfig) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": backend.name,
            "type": backend.type,
            "installed": True,
            "limits": {},
            "settings": backend.settings,
            "compile": None if backend.compile is None else dict(backend.compile),
            "price": dict(backend.prices),
            "problem": None,
        }
        try:
            registry.load(backend.type)
        except QbatchError as error:
            return {**entry, "installed": False, "problem": str(error)}
        try:
            limits = asdict(self.open(backend.name).limits)
        except QbatchError as error:
            entry["problem"] = str(error)
        else:
            shown = ("circuits", "shots", "bytes", "in_flight")
            entry["limits"] = {key: limits[key] for key in shown if limits[key] is not None}
        return entry

    @contextlib.contextmanager
    def checked(self, name: str) -> Iterator[tuple[Backend, str]]:
        """A backend, tried without running anything that costs, and what it said of itself.

        Raises:
            NotFound, BackendError, UsageError: what is wrong with it.
        """
        from qbatch.seam import SupportsCheck, SupportsClose

        self._check_installed(name)
        backend = self.open(name, executor="serial")
        try:
            said = "its settings are good; it offers no further check"
            yield backend, backend.check() if isinstance(backend, SupportsCheck) else said
        finally:
            if isinstance(backend, SupportsClose):
                backend.close()

    def _check_installed(self, name: str) -> None:
        from qbatch.backends import about

        found = self.get(name)
        provider = found.settings.get("provider")
        command = about.installs(found.type, provider)
        if command is not None:
            what = provider or found.type
            raise NotInstalled(f"{name}: the package for {what} is not here", hint=command)

    def check_options(self, name: str | None, options: Mapping[str, Any]) -> None:
        """Make sure that the backend exists and knows the options.

        Raises:
            NotFound: there is none of that name.
            UsageError: it does not know one of the options.
        """
        if name is not None:
            self.get(name)
        if options:
            from qbatch.seam import SupportsOptions

            backend = self.open(name or self.default)
            if isinstance(backend, SupportsOptions):
                backend.check_options(options)
