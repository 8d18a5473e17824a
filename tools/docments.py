"What the docstrings and the docments of an exported cell leave unsaid."
import ast
import io
import tokenize

from tools.cells import name_of


def undocumented(cell):
    "One line for each thing that the public definitions of an exported cell do not say."
    comments = comment_lines(cell.source) if cell.definitions else set()
    return [fault for node in cell.definitions for fault in definition_faults(node, comments)]


def comment_lines(source):
    "The numbers of the lines that end in a comment."
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


def definition_faults(node, comments, owner=""):
    "What one function, or one class with its public methods, does not say."
    if node.name.startswith("_"):
        return
    name = owner + node.name
    yield from docstring_faults(node, name)
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            if isinstance(method, ast.FunctionDef):
                yield from definition_faults(method, comments, f"{name}.")
    else:
        yield from docment_faults(node, name, comments)


def docstring_faults(node, name):
    docstring = ast.get_docstring(node)
    if not docstring:
        yield f"{name} has no docstring"
    elif "\n" in docstring:
        yield f"the docstring of {name} is longer than one line"
    elif docstring.startswith("Compute"):
        yield f"the docstring of {name} says what it computes, not what it is: drop the verb"


def docment_faults(function, name, comments):
    if passes_on(function):
        return
    for argument, line in last_on_its_line(arguments(function)).items():
        if argument not in ("self", "cls") and line not in comments:
            yield f"{name} says nothing of its argument {argument} (a comment on its line)"
    if returns_value(function) and not is_property(function) and not comments & set(closing_lines(function)):
        yield f"{name} says nothing of what it returns (a comment after the closing bracket)"


def arguments(function):
    "Every argument but `*args` and `**kwargs`, with the line it ends on, its default included."
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = dict(zip([a.arg for a in reversed(positional)], reversed(given.defaults)))
    defaults |= {a.arg: default for a, default in zip(given.kwonlyargs, given.kw_defaults) if default}
    for argument in [*positional, *given.kwonlyargs]:
        yield argument.arg, defaults.get(argument.arg, argument).end_lineno


def last_on_its_line(arguments):
    "A comment speaks for one argument: of several on a line, all but the last get none."
    arguments = list(arguments)
    lines = [line for _, line in arguments]
    return {name: line if line not in lines[at + 1 :] else None for at, (name, line) in enumerate(arguments)}


def passes_on(function):
    "Whether a method only takes what it hands to another: `*args` and `**kwargs`."
    given = function.args
    return bool(given.vararg and given.kwarg) and not given.kwonlyargs and len(given.args) <= 1


def closing_lines(function):
    "The lines from the last argument's, which is its own, to the body's."
    own = [line for name, line in arguments(function)]
    return range(max(own) + 1 if own else function.lineno, function.body[0].lineno)


def is_property(function):
    return any(name_of(mark).endswith("property") for mark in function.decorator_list)


def returns_value(function):
    nested = {id(inner) for node in function.body if isinstance(node, ast.FunctionDef) for inner in ast.walk(node)}
    returns = (node for node in ast.walk(function) if isinstance(node, (ast.Return, ast.Yield)))
    return any(node.value is not None and id(node) not in nested for node in returns)
