"""Measures how a checkout is built: python benchmarks/house.py [CHECKOUT ...], one after another."""

import argparse
import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "mnist_sweep"
HEAVY = ("hydra", "keras", "matplotlib", "mlflow", "optuna", "rich", "sklearn", "tensorflow")
STATES = {"COMPLETE", "FAIL", "INTERRUPTED", "PRUNED", "RUNNING", "WAITING"}
LONG = 40  # lines of a function
MANY = 7  # parameters of a function
LOOSE = re.compile(r"\b(?:dict|Mapping|MutableMapping)\[str, Any\]")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A module: its path within the package, its text, its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The package or module on the top floor that holds it."""
        return self.path.parts[0].removesuffix(".py")

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def imports(self) -> Iterator[tuple[str, str]]:
        """The modules that it imports, each with a name that is taken from it, or an empty text."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((node.module, alias.name) for alias in node.names)


def read(checkout: Path) -> list[Module]:
    package = checkout / PACKAGE
    if not package.is_dir():
        raise SystemExit(f"{checkout} holds no {PACKAGE}/")
    files = sorted(file for file in package.rglob("*.py") if "conf" not in file.relative_to(package).parts)
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    return [Module(file.relative_to(package), text, ast.parse(text)) for file, text in texts.items()]


def parameters(function: Function) -> int:
    """How many parameters a function has, self and cls not counted."""
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_event_loop(node: ast.AST) -> bool:
    """Whether something goes through what an executor's `events(...)` returns."""
    over = node.iter if isinstance(node, ast.For | ast.comprehension) else None
    return isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and over.func.attr == "events"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names(module: Module) -> set[str]:
    """Private names of libraries: imported, or taken from an object that is not the module's own.

    A module's own private names are those that it defines or sets on self; what else begins with an underscore comes
    from a library, or from another module of the package, which is as bad.
    """
    found = set()
    for imported, name in module.imports():
        inner = imported.startswith("keras.src") or any(map(is_private, imported.split(".")))
        if inner or (is_private(name) and not imported.startswith(PACKAGE)):
            found.add(f"{imported}.{name}".rstrip("."))
    defined = {n.name for n in ast.walk(module.tree) if isinstance(n, Function | ast.ClassDef)}
    nodes = [n for n in ast.walk(module.tree) if isinstance(n, ast.Attribute) and is_private(n.attr)]
    own = defined | {n.attr for n in nodes if isinstance(n.ctx, ast.Store)}
    own |= {
        n.target.id for n in ast.walk(module.tree) if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }
    texts = {n.value for n in ast.walk(module.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    found |= {f".{n.attr}" for n in nodes if n.attr not in own and ast.unparse(n) != "os._exit"}
    return found | {text for text in texts if re.fullmatch(r"keras\.src[\w.]*", text)}


def bare_states(module: Module) -> int:
    """Names of states in quotes, where an enum could stand; the enum's own definition is not counted."""
    enums = [n for n in ast.walk(module.tree) if isinstance(n, ast.ClassDef) and n.name == "TrialState"]
    defined = {id(node) for enum in enums for node in ast.walk(enum)}
    nodes = (n for n in ast.walk(module.tree) if isinstance(n, ast.Constant) and id(n) not in defined)
    return sum(isinstance(n.value, str) and n.value in STATES for n in nodes)


def figures(modules: list[Module]) -> dict[str, str]:
    """Everything that is measured, as texts by name."""
    functions = [(module, function) for module in modules for function in module.functions()]
    long = [f"{m.path}:{f.name} {length(f)}" for m, f in functions if length(f) > LONG]
    many = [f"{m.path}:{f.name} {parameters(f)}" for m, f in functions if parameters(f) > MANY]
    states = Counter({str(m.path): bare_states(m) for m in modules})
    loops = [str(m.path) for m in modules for node in ast.walk(m.tree) if is_event_loop(node)]
    private = {str(m.path): sorted(private_names(m)) for m in modules}
    rooms: dict[str, set[str]] = {name: set() for name in HEAVY}
    for module in modules:
        for name in {imported.partition(".")[0] for imported, _ in module.imports()} & rooms.keys():
            rooms[name].add(module.room)
    loose = sum(len(LOOSE.findall(m.text)) for m in modules)
    return {
        "rooms on the top floor": str(len({m.room for m in modules} - {"__init__"})),
        "modules": str(len(modules)),
        "lines": f"{sum(len(m.text.splitlines()) for m in modules):,}",
        "longest module": max(
            (f"{len(m.text.splitlines())} {m.path}" for m in modules), key=lambda t: int(t.split()[0])
        ),
        "dict[str, Any] and Mapping[str, Any]": str(loose),
        "bare state strings": f"{states.total()} in {sum(map(bool, states.values()))} modules",
        "event loops": f"{len(loops)}: {', '.join(loops)}",
        f"functions over {LONG} lines": f"{len(long)}: {', '.join(long)}",
        f"functions over {MANY} parameters": f"{len(many)}: {', '.join(many)}",
        **{f"rooms that import {name}": f"{len(where)}: {', '.join(sorted(where))}" for name, where in rooms.items()},
        "private names of others": f"{sum(map(len, private.values()))} in {sum(map(bool, private.values()))} modules",
        **{f"  {path}": ", ".join(names) for path, names in private.items() if names},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkouts", nargs="*", type=Path, default=[Path(__file__).resolve().parent.parent])
    for checkout in parser.parse_args().checkouts:
        found = figures(read(checkout))
        print(f"\n{checkout}\n")
        width = max(map(len, found))
        for name, value in found.items():
            print(f"{name:{width}}  {value.rstrip(': ')}")


if __name__ == "__main__":
    main()
