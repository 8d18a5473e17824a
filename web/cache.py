"Work done once: results kept in a folder under the hash of everything they depend on."
import ast
import pickle
import sys
from hashlib import sha256
from importlib.metadata import version
from importlib.util import resolve_name
from pathlib import Path

TOOLS = ("nbdev", "smalldocs", "pybtex", "fastcore")


class Cache:
    "Results of earlier builds, good as long as what they were made from, and the code that made them, stay the same."

    def __init__(self, folder):
        self.folder, self.used = Path(folder), set()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.makers = [sys.version, *map(version, TOOLS), *_contents(Path(__file__).parent), *_contents(Path(__file__).parent.parent / "tools")]

    def __call__(self, work, *inputs):
        "What `work()`, a partial function, gives, or gave when the inputs were these."
        path = self.folder / sha256(pickle.dumps([work.func.__module__, work.func.__qualname__, self.makers, inputs])).hexdigest()
        self.used.add(path)
        if not path.exists(): _write_whole(path, pickle.dumps(work()))
        return pickle.loads(path.read_bytes())

    def forget(self):
        "Drop what this build did not ask for."
        for path in set(self.folder.iterdir()) - self.used: path.unlink()


def module_sources(module, root):
    "The text of a module and of every module of its package that it imports, directly or not."
    package, todo, found = module.partition(".")[0], [module], {}
    while todo:
        name = todo.pop()
        path = next((path for path in _places(Path(root), name) if path.is_file()), None)
        if name in found or path is None or name.partition(".")[0] != package: continue
        found[name] = path.read_text(encoding="utf-8")
        todo += _imported(found[name], name if path.name == "__init__.py" else name.rpartition(".")[0])
    return sorted(found.items())


def _write_whole(path, content):
    "Write a file so that an interrupted build leaves all of it or nothing."
    path.with_suffix(".new").write_bytes(content)
    path.with_suffix(".new").replace(path)


def _places(root, module):
    path = root.joinpath(*module.split("."))
    return path.with_suffix(".py"), path / "__init__.py"


def _imported(source, package):
    "Every name that could be a module, among those a module imports."
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import): yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            yield from [origin, *(f"{origin}.{alias.name}" for alias in node.names)]


def _contents(folder):
    return [path.read_bytes() for path in sorted(folder.glob("*.py"))]
