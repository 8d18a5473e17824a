"The reference of a module: for every public name its signature, its docstring and a table of arguments."
import ast
import inspect
import re
import warnings
from textwrap import fill

from fastcore.docments import docments
from nbdev.processors import NbCell

WIDTH, INDENT = 78, "    "
EMPTY = inspect.Parameter.empty
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
RESULT = re.compile(r"^[^#\n]*\) *(?:->[^:#\n]+)?: *# *(.+)$", re.M)
FIELD = re.compile(r"^    (\w+) *:[^#\n]*# *(.+)$", re.M)


def exported_names(cells):
    "Public names that some exported cells define, in order."
    for node in [node for cell in cells for node in NbCell.parsed_(cell) or []]:
        names = [node.name] if isinstance(node, DEFINITIONS) else [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
        yield from (name for name in names if not name.startswith("_"))


def reference(module, names, source_link=lambda thing: None, remarks={}):
    "Entries for some names of a module, and for the public methods of those that are classes; remarks stand under some."
    for name in names:
        thing = getattr(module, name)
        for argument in _unsaid(thing): warnings.warn(f"{name} says nothing of its argument {argument}")
        yield entry(name, thing, anchor(name, names), source_link(thing), remark=remarks.get(name))
        for method, function in _methods(thing): yield entry(f"{name}.{method}", function, anchor(f"{name}.{method}", names), level=4)


def anchor(name, names):
    "The anchor that nbdev links to, the name in lower case; told apart where a class is a function's name with a capital."
    own, _, method = name.partition(".")
    told_apart = "-class" if own != own.lower() and own.lower() in names else ""
    return own.lower() + told_apart + (f".{method.lower()}" if method else "")


def entry(name, thing, anchor, source_link=None, level=3, remark=None):
    "One entry: heading, signature, docstring, arguments, what is returned, a remark."
    heading = f"{'#' * level} `{name}` {{#{anchor} .unnumbered}}"
    said = _documents(thing)
    parts = [_signature(name, thing), _docstring(thing), _table(thing, said), _returns(said), remark, source_link and f"[source]({source_link})"]
    body = "\n\n".join(part for part in parts if part)
    return f"{heading}\n\n::: {{.api}}\n{body}\n:::"


def _methods(thing):
    "Documented public methods and properties written in a class, in order."
    if not inspect.isclass(thing): return []
    own = [name for name, value in vars(thing).items() if not name.startswith("_") and _is_method(value)]
    return [(name, getattr(thing, name)) for name in own if inspect.getdoc(getattr(thing, name))]


def _is_method(value):
    return inspect.isfunction(value) or isinstance(value, classmethod | staticmethod | property)


def _signature(name, thing):
    if isinstance(thing, property): return f"```python\n{name}\n```"
    if not callable(thing): return f"```python\n{name} = {_short(thing)}\n```"
    parameters = _parameters(thing)
    arguments = _with_marker(parameters, [str(parameter.replace(annotation=EMPTY)) for parameter in parameters])
    line = f"{name}({', '.join(arguments)})"
    if len(line) > WIDTH: line = f"{name}(\n{fill(', '.join(arguments), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)},\n)"
    return f"```python\n{line}\n```"


def _parameters(thing):
    "Parameters a caller gives, `self` and `cls` not among them; a constant among the defaults goes by its name."
    try: parameters = list(inspect.signature(thing).parameters.values())
    except ValueError: return []
    constants = {id(value): name for name, value in getattr(inspect.unwrap(thing), "__globals__", {}).items()
                 if name.isupper() and isinstance(value, (tuple, dict))}
    named = [p.replace(default=Name(constants[id(p.default)])) if id(p.default) in constants else p for p in parameters]
    return named[1:] if named and named[0].name in ("self", "cls") else named


class Name(str):
    "A name, which is shown as it is."
    __repr__ = str.__str__


def _with_marker(parameters, arguments):
    "Arguments with the bare `*` before the first that is keyword-only."
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.KEYWORD_ONLY not in kinds: return arguments
    first = kinds.index(inspect.Parameter.KEYWORD_ONLY)
    return [*arguments[:first], "*", *arguments[first:]]


def _docstring(thing):
    "The docstring, where it was written for this thing: neither inherited nor made up by Python."
    if not callable(thing) and not isinstance(thing, property): return ""
    doc = inspect.getdoc(thing) or ""
    return "" if re.match(r"\w+\(.*\)$", doc) else doc


def _documents(thing):
    "What the source says of each argument and of the result, and what decorators and the terms of a sum add."
    plain = inspect.unwrap(thing) if callable(thing) else None
    if inspect.isclass(plain): return dict(docments(plain)) | dict(FIELD.findall(inspect.getsource(plain))) | {"return": None}
    found = {name: words for _, term in getattr(thing, "parts", ()) for name, words in _documents(term).items()}
    for function in getattr(thing, "described_by", ()): found |= docments(function)
    if inspect.isfunction(plain) or inspect.ismethod(plain): found |= docments(plain, args_kwargs=True) | {"return": _result(plain)}
    return found | getattr(thing, "added", {})


def _result(function):
    "The comment after the bracket that closes a function's arguments."
    words = RESULT.search(inspect.getsource(function))
    return words and words[1]


def _unsaid(thing):
    "Arguments of a function, or of what passes for one, that nothing is said of."
    said = _documents(thing)
    return [] if inspect.isclass(thing) or not callable(thing) else [p.name for p in _parameters(thing) if not said.get(p.name)]


def _table(thing, said):
    "Arguments with their defaults, if any has one, and what they are."
    parameters = _parameters(thing) if callable(thing) else []
    if not any(said.get(parameter.name) for parameter in parameters): return ""
    columns = [("argument", _argument), ("default", _default), ("", lambda parameter: _cell(said.get(parameter.name)))]
    if all(parameter.default is EMPTY for parameter in parameters): del columns[1]
    rows = [[column(parameter) for _, column in columns] for parameter in parameters]
    return "\n".join(f"| {' | '.join(row)} |" for row in [[name for name, _ in columns], [":--"] * (len(columns) - 1) + [":-----"], *rows])


def _argument(parameter):
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    return f"`{stars}{parameter.name}`"


def _returns(said):
    return f"**Returns** {said['return']}" if said.get("return") else ""


def _default(parameter):
    return "" if parameter.default is EMPTY else f"`{parameter.default!r}`".replace("|", "\\|")


def _cell(words):
    "Words for a table cell, where a bar would end the cell: `\\vert` in math, escaped elsewhere."
    in_math = re.compile(r"\$[^$]+\$")
    words = in_math.sub(lambda match: match[0].replace("\\|", "\\Vert ").replace("|", "\\vert "), words or "")
    return words.replace("|", "\\|").replace("\n", " ")


def _short(value):
    text = repr(value)
    return text if len(text) <= 72 else f"{text[:69]}..."
