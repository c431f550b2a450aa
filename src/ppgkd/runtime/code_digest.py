"""A digest of the code that a job runs, so that a change of it reruns the job and nothing else.

A script's code is the script itself and every module of this package that it imports, directly or
through others, at the top of a file or within a function. Comments, docstrings, the layout and
imports for the type checker alone do not count, because Python does not run them. For a module that
reads package data (it imports `importlib.resources`), the data files beside it count, too; for a
package, also those in its folders.

Modules that are imported by a name known only at run time, such as the loss of a strategy, cannot
be found here. The rules name them.

The import graph is made here and not by grimp: each file is parsed for its digest anyway, and
grimp, which takes 0.1 s more in every job, reads neither scripts nor the packages above a module.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple

import ppgkd
from ppgkd.runtime.artifacts import atomic_write

ROOT = Path(ppgkd.__file__).parent
"""Folder of the package."""

TABLES = frozenset(
    {
        "ppgkd.datasets.registry",
        "ppgkd.datasets.published",
        "ppgkd.datasets.manifest",
        "ppgkd.published.registry",
        "ppgkd.strategies.registry",
    }
)
"""Modules that list what there is. They do not count: a new dataset or strategy does not concern a
study that does not use it. A rule that reads its own dataset's row has that row as a parameter."""

MOST_KEPT = 2000
"""Files whose parsed content is kept; an edited file counts again."""


class Code(NamedTuple):
    """One file: the digest of its syntax tree, and the modules of the package that it imports."""

    digest: bytes
    imports: frozenset[str]


@cache
def code_digest(script: Path, *modules: str) -> str:
    """Digest of a script and of all that it imports from the package.

    Parameters
    ----------
    script
        A Python file.
    modules
        Modules below ``ppgkd``, such as ``distill.soft``, that the script imports by name while it
        runs.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Raises
    ------
    ModuleNotFoundError
        If there is no such module.
    """
    n_kept = len(_parsed())
    digest = hashlib.sha256(_read(script, "").digest)
    for name in imported_modules(script, *modules):
        digest.update(name.encode())
        digest.update(_module(name).digest)
    if len(_parsed()) > n_kept:
        _keep_parsed()
    return digest.hexdigest()


@cache
def imported_modules(script: Path, *modules: str) -> tuple[str, ...]:
    """Names of the modules of the package that `code_digest` reads, in alphabetical order."""
    waiting = {*_read(script, "").imports - TABLES}
    for module in modules:
        named = f"{ppgkd.__name__}.{module}"
        if _file(named) is None:
            raise ModuleNotFoundError(f"there is no module {named}", name=named)
        waiting |= _with_parents(named)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _module(name).imports - found - TABLES
    return tuple(sorted(found))


@cache
def _module(name: str) -> Code:
    path = _file(name)
    assert path is not None, "only modules that exist are collected"
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return _read(path, package)


@cache
def _read(path: Path, package: str) -> Code:
    content = path.read_bytes()
    key = hashlib.sha256(f"{package}\n".encode() + content).hexdigest()
    if key not in _parsed():
        tree = _WithoutDescriptions().visit(ast.parse(content, str(path)))
        dumped = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
        _parsed()[key] = (dumped, sorted({*_imported_names(tree, package)}))
    dumped, names = _parsed()[key]
    digest = bytes.fromhex(dumped)
    if "importlib.resources" in names:
        with_data = hashlib.sha256(digest)
        is_package = path.name == "__init__.py"
        for file in sorted(path.parent.rglob("*") if is_package else path.parent.iterdir()):
            if file.is_file() and file.suffix not in (".py", ".pyc"):
                with_data.update(file.name.encode())
                with_data.update(file.read_bytes())
        digest = with_data.digest()
    return Code(digest, frozenset().union(*map(_with_parents, names)))


@cache
def _parsed() -> dict[str, tuple[str, list[str]]]:
    """Digest of the syntax tree, and imported names, of files parsed before, by their content."""
    with suppress(OSError, ValueError):
        found: dict[str, tuple[str, list[str]]] = json.loads(_kept_at().read_bytes())
        return found
    return {}


def _keep_parsed() -> None:
    """Keep what was parsed, because parsing all files takes half a second at each start."""
    newest = dict([*_parsed().items()][-MOST_KEPT:])
    with suppress(OSError), atomic_write(_kept_at()) as temporary:
        temporary.write_text(json.dumps(newest), encoding="utf-8")


@cache
def _kept_at() -> Path:
    """Beside Python's own compiled files; another for each version of Python and of this module."""
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    name = f"code_digest.{sys.implementation.cache_tag}-{own}.json"
    return Path(__file__).with_name("__pycache__") / name


def _imported_names(tree: ast.AST, package: str) -> Iterator[str]:
    """Names of all modules that a file imports, and of all names that it imports from modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _with_parents(name: str) -> frozenset[str]:
    """A module of the package and the packages above it; empty for any other name."""
    parts = name.split(".")
    if parts[0] != ppgkd.__name__:
        return frozenset()
    names = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return frozenset(found for found in names if _file(found))


@cache
def _file(name: str) -> Path | None:
    folder = ROOT.joinpath(*name.split(".")[1:])
    candidates: Iterable[Path] = (folder / "__init__.py", folder.with_name(f"{folder.name}.py"))
    return next((path for path in candidates if path.is_file()), None)


class _WithoutDescriptions(ast.NodeTransformer):
    """Removes from a syntax tree what has no effect when it runs."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Drop docstrings, and strings that describe the attribute above them."""
        value = node.value
        is_description = isinstance(value, ast.Constant) and isinstance(value.value, str)
        return None if is_description else node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Drop the imports for the type checker alone."""
        self.generic_visit(node)
        is_for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return node.orelse if is_for_types else node
