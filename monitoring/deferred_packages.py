"""Packages whose `__init__` runs when something of it is first asked for, rather than with every module below it.

`import evidently.core.report` runs `evidently/__init__.py` first, which imports all that the library can do, its
web service, language models and the tests of its former interface: 5 to 7 s of a core, where the module itself and
what it uses take 0.3 s. A deferred package is the library's own and whole: its modules can be imported, and
whoever asks it for a name of its own, as `from evidently import Report` does, sets its `__init__` off as ever.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

_OWN = ("__all__", "__version__")


class _Deferred(ModuleType):
    """Until a name is asked for that is not there."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _OWN:  # whoever looks at all modules asks for some
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]  # what it runs may ask it for names, too
        self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]  # `defer` sees to it
        return getattr(self, name)


def defer(*packages: str) -> None:
    """Let these packages wait, a parent before what is in it; one that was imported already stays as it is.

    Raises ModuleNotFoundError for one that is not installed.
    """
    for name in packages:
        if name in sys.modules:
            continue
        parent, _, own = name.rpartition(".")
        spec = PathFinder.find_spec(name, sys.modules[parent].__path__ if parent else None)
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = module_from_spec(spec)
        module.__class__ = _Deferred
        sys.modules[name] = module
        if parent:
            setattr(sys.modules[parent], own, module)
