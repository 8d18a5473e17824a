"The built wheel installs alone into an empty environment and does there what README shows."
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from zipfile import ZipFile

import pytest

from tools.book import ROOT
from tools.run import same

EXAMPLE = re.compile(r"```python\n(.*?)```(?:\n+```text\n(.*?)```)?", re.S)
RUN_BLOCKS = """
import ast, contextlib, io, json, sys
blocks, outputs, names = json.load(sys.stdin), [], {}
for block in blocks:
    *body, last = ast.parse(block).body
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), "README.md", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "README.md", "eval"), names)
            if value is not None: print(repr(value))
        else:
            exec(compile(ast.Module([last], []), "README.md", "exec"), names)
    outputs.append(printed.getvalue())
json.dump(outputs, sys.stdout)
"""


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    "The wheel of the package as it is now, built from a copy."
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("lossbook", "nbs", "tests", "tools", "web"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", source)
    assert built.returncode == 0, built.stderr
    return next((source / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    "The interpreter of an environment that holds the wheel and what it needs, and nothing else."
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    interpreter = folder / "bin/python"
    installed = run(interpreter, "-m", "pip", "install", "-c", ROOT / "constraints.txt", wheel)
    if installed.returncode and not os.environ.get("CI"):
        pytest.skip(f"the wheel could not be installed: {installed.stderr.strip().splitlines()[-1]}")
    assert installed.returncode == 0, installed.stderr
    return interpreter


def test_it_holds_the_package_and_nothing_else(wheel):
    names = set(ZipFile(wheel).namelist())
    package = {str(path.relative_to(ROOT)) for path in (ROOT / "lossbook").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    metadata = {name for name in names if ".dist-info/" in name}
    assert names - metadata == package
    assert {"lossbook/style.mplstyle", "lossbook/__init__.pyi", "lossbook/py.typed"} <= package
    assert any(name.endswith("/LICENSE") for name in metadata)


def test_it_brings_only_what_it_needs(python):
    listed = {package["name"].lower() for package in json.loads(run(python, "-m", "pip", "list", "--format", "json").stdout)}
    assert {"numpy", "array-api-compat"} <= listed
    assert not listed & {"nbdev", "scikit-learn", "scipy", "pytest", "ipython"}


def test_it_does_what_readme_shows(python, tmp_path):
    examples = EXAMPLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert examples, "README shows no Python"
    blocks = json.dumps([code for code, _ in examples])
    ran = run(python, "-c", RUN_BLOCKS, input=blocks, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    for (code, promised), output in zip(examples, json.loads(ran.stdout)):
        assert same(promised.strip(), output.strip()), f"{code}\nshows\n{output}\nnot\n{promised}"


@pytest.mark.parametrize("statement", ["import lossbook", "from lossbook import dice_score"])
def test_importing_loads_nothing_heavy(python, tmp_path, statement):
    loaded = run(python, "-c", f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))", cwd=tmp_path)
    assert loaded.returncode == 0, loaded.stderr
    assert not {"matplotlib", "msgspec", "typer", "rich", "IPython"} & set(json.loads(loaded.stdout))
