"""A deferred package lets its modules be imported without the rest of it, and is whole for whoever asks for more."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    "__init__.py": "from slow.all import everything\n__version__ = '1.0'",
    "all.py": "everything = 42",
    "core.py": "here = True",
    "inner/__init__.py": "import slow.all\nthere = slow.all.everything",
    "inner/part.py": "from slow.core import here",
}
CODE = """
import sys
from monitoring.deferred_packages import defer
defer("slow", "slow.inner")
defer("slow", "slow.inner")
from slow.inner.part import here
assert here and "slow.all" not in sys.modules, "a module alone"
import slow
assert not hasattr(slow, "__warningregistry__") and "slow.all" not in sys.modules
{}
assert "slow.all" in sys.modules
import slow.inner.part
from slow.inner import there, part
assert there == 42 and part.here
try:
    slow.nothing
except AttributeError:
    print("whole")
"""


@pytest.mark.parametrize(
    "asking", ["from slow import everything; assert everything == 42", "assert slow.__version__ == '1.0'"]
)
def test_its_modules_come_alone_and_the_rest_when_it_is_asked_for(tmp_path: Path, asking: str) -> None:
    for name, content in FILES.items():
        (tmp_path / "slow" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "slow" / name).write_text(content)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + CODE.format(asking)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "whole\n", done.stderr


def test_what_is_not_installed_is_told() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        importlib.import_module("monitoring.deferred_packages").defer("no_such_package")
