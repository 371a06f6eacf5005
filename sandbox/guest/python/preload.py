"""Loads what a source will need while there is time for it: a first import is no part of the batch that happens to come to it."""
import ast
import importlib
import types

_MAX_PARTS = 8


def preload(source):
    """
    Imports every module that the source names, also within functions, and the parts of it that load themselves when they are first named (`scipy.stats`,
    `numpy.ma`). What cannot be loaded says so when the filter comes to it.
    """
    names = {}
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (RecursionError, MemoryError, SyntaxError, ValueError):
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = _load(alias.name)
                names[alias.asname or alias.name.partition(".")[0]] = module if alias.asname else _load(alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            module = _load(node.module)
            for alias in node.names:
                names[alias.asname or alias.name] = _part(module, alias.name)
    for node in nodes:
        if isinstance(node, ast.Attribute):
            _resolve(node, names)


def _load(name):
    try:
        return importlib.import_module(name)
    except BaseException:
        return None


def _part(module, name):
    """What a module has under a name, loading it if it is a module that is not there yet."""
    if not isinstance(module, types.ModuleType):
        return None
    try:
        return getattr(module, name)
    except BaseException:
        return _load(f"{module.__name__}.{name}")


def _resolve(node, names):
    parts = []
    while isinstance(node, ast.Attribute) and len(parts) < _MAX_PARTS:
        parts.append(node.attr)
        node = node.value
    value = names.get(node.id) if isinstance(node, ast.Name) else None
    while parts and isinstance(value, types.ModuleType):
        value = _part(value, parts.pop())
