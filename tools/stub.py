"`lossbook/__init__.pyi`: every public name and the module that `lossbook` imports it from when it is first used."
import ast

from tools.book import ROOT, settings

HEADER = '"The public names of the package. Written by `make prepare` from the `__all__` of its modules."\n\n'


def stub():
    "The text of the stub."
    exports = {module: exported for module in public_modules() if (exported := names(module))}
    refuse_duplicates(exports)
    return HEADER + "\n".join(map(import_lines, exports, exports.values())) + "\n\n__version__: str\n"


def public_modules():
    "The package's modules but for the private ones and the notebooks' kit, as paths below `lossbook/`."
    package = ROOT / "lossbook"
    modules = (path.relative_to(package).with_suffix("") for path in sorted(package.rglob("*.py")))
    kit = settings()["kit"].split()
    return [module for module in modules if not module.name.startswith("_") and str(module) not in kit]


def names(module):
    "What a module lists in its `__all__`, sorted."
    tree = ast.parse((ROOT / "lossbook" / module).with_suffix(".py").read_text(encoding="utf-8"))
    lists = [node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"]
    return sorted(name for each in lists for name in ast.literal_eval(each))


def refuse_duplicates(exports):
    "Stop at a name that two modules export."
    owner = {}
    for module, exported in exports.items():
        for name in exported:
            if name in owner:
                raise SystemExit(f"two modules export {name}: lossbook/{owner[name]}.py and lossbook/{module}.py")
            owner[name] = module


def import_lines(module, exported):
    lines = "".join(f"    {name} as {name},\n" for name in exported)
    return f"from .{'.'.join(module.parts)} import (\n{lines})"
