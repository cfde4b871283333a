"""What the tests drove: operations of `MLClient` that succeeded, and what the emulators say of their routes.

An operation counts where a test itself called it, not another operation, and where it came to its end: a list when its
first page was read, a `begin_…` when the poller had ended well.
"""

from __future__ import annotations

import functools
import inspect
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from azureml_emulator.shapes import merged


class Driven:
    """Filled while the tests run; one a session."""

    def __init__(self) -> None:
        self.operations: dict[str, set[str]] = {}
        self.routes: dict[str, dict[str, Any]] = {}
        self.test_file = ""
        self._inside = threading.local()
        self._swapped: dict[type, type] = {}

    def add_routes(self, control: str) -> None:
        """What one emulator has answered, beside what others have."""
        self.merge_routes(httpx.get(f"{control}/routes", timeout=30).raise_for_status().json())

    def merge_routes(self, routes: dict[str, dict[str, Any]]) -> None:
        for route, told in routes.items():
            known = self.routes.setdefault(route, {"answered": 0, "api_versions": [], "shapes": {}})
            known["answered"] += told["answered"]
            known["api_versions"] = sorted({*known["api_versions"], *told["api_versions"]})
            for kind, shape in told["shapes"].items():
                known["shapes"][kind] = merged(known["shapes"].get(kind, {}), shape)

    def keep(self, file: Path) -> None:
        """Add what was driven to what sessions before this one wrote down."""
        if file.exists():
            before = json.loads(file.read_text())
            self.merge_routes(before["routes"])
            for name, files in before["operations"].items():
                self.operations.setdefault(name, set()).update(files)
        operations = {name: sorted(files) for name, files in self.operations.items()}
        file.write_text(json.dumps({"operations": operations, "routes": self.routes}))

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Wrap every public method of every class of operations."""
        for name, operations in classes().items():
            for method in methods(operations):
                patch.setattr(operations, method, self._wrap(f"{name}.{method}", getattr(operations, method)))

    def _wrap(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._inside, "depth", 0):
                return method(*args, **kwargs)
            with self._counting():
                result = method(*args, **kwargs)
            return self._count(name, result)

        return watched

    @contextmanager
    def _counting(self) -> Iterator[None]:
        self._inside.depth = 1
        try:
            yield
        finally:
            self._inside.depth = 0

    def _count(self, name: str, result: Any) -> Any:
        """At once, or when what was handed out has come to something."""
        note = functools.partial(self.operations.setdefault(name, set()).add, self.test_file)
        if hasattr(type(result), "by_page"):
            return self._swap(result, "__next__", note)
        if hasattr(type(result), "add_done_callback") and hasattr(type(result), "wait"):
            return self._swap(result, "wait", note)
        note()
        return result

    def _swap(self, result: Any, method: str, note: Callable[[], None]) -> Any:
        """The same object, of a class whose `method` tells of its success (an exhausted list is one, too)."""
        kind = type(result)
        if kind not in self._swapped:
            own = getattr(kind, method)

            def told(self: Any, *args: Any) -> Any:
                try:
                    value = own(self, *args)
                except StopIteration:
                    self.tell_success()
                    raise
                if method != "wait" or self.done():
                    self.tell_success()
                return value

            self._swapped[kind] = type(kind.__name__, (kind,), {method: told})
        result.__class__ = self._swapped[kind]
        result.tell_success = note
        return result


def classes() -> dict[str, type]:
    """`MLClient`'s properties that hold operations, and their classes."""
    from azure.ai.ml import MLClient

    found = {}
    for name, member in inspect.getmembers(MLClient, lambda value: isinstance(value, property)):
        kind = member.fget.__annotations__.get("return")
        if inspect.isclass(kind) and kind.__module__.startswith("azure.ai.ml.operations"):
            found[name] = kind
    return found


def methods(operations: type) -> list[str]:
    """The public methods of a class of operations."""
    return sorted(name for name, value in inspect.getmembers(operations, inspect.isfunction) if name[0] != "_")
