"`make chapter` gives a draft that runs, is registered, and says what is still to write."
import re
import sys
from pathlib import Path

import pytest
from tests.conftest import Clone
from fastcore.nbio import read_nb, write_nb

from tools.chapter import refuse
from tools.check import faults, unfinished

NBDEV_TEST = Path(sys.executable).with_name("nbdev-test")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def draft(clone):
    "A chapter in a part that exists: its path in the clone."
    made = clone.tool("chapter", "segmentation", "tversky", 'The "Tversky" loss')
    assert made.returncode == 0, made.stderr
    (path,) = clone.folder.glob("nbs/segmentation/[0-9]*_tversky.ipynb")
    return path


def test_it_runs_as_it_stands(clone, draft):
    ran = clone.run(NBDEV_TEST, draft)
    assert ran.returncode == 0 and "Success" in ran.stdout, ran.stderr


def test_written_in_its_shape_it_lacks_nothing(clone, draft):
    "The template's own example, with each placeholder's mark taken away, is a whole chapter."
    notebook = read_nb(draft)
    for cell in notebook.cells:
        exported = re.sub(r"#\| eval: false\n# To write \((formula|gradient)\).*", "#| exports", cell.source)
        cell.set_source(re.sub(r"(#\| eval: false\n)|(# To write .*\n)|(\*?To write \([^)]*\):\*?)", "", exported))
    chapter = draft.with_name("99_whole.ipynb")
    write_nb(notebook, chapter)
    ran = clone.run(NBDEV_TEST, chapter, "--save")
    assert ran.returncode == 0, ran.stderr
    assert faults(chapter) == [] == unfinished(chapter)
    chapter.unlink()


def test_the_check_names_each_joint_to_write(clone, draft):
    checked = clone.tool("check", draft)
    assert checked.returncode == 1
    for joint in ("title", "question", "by hand", "formula", "check", "edges", "choices", "gradient", "exercise", "sources"):
        assert f"{draft.relative_to(clone.folder)}: still to write, {joint}: " in checked.stdout


def test_it_is_registered_and_nothing_else_changes(clone, draft):
    source = draft.relative_to(clone.folder)
    added = [line for line in clone.git("diff", "--unified=0", "_quarto.yml").splitlines() if line[0] in "+-"]
    assert added[2:] == [f"+          - {source}"]


def test_it_has_the_next_number_and_its_title(clone, draft):
    others = [int(path.name[:2]) for path in draft.parent.glob("[0-9]*.ipynb") if path != draft]
    assert int(draft.name[:2]) == max(others, default=0) + 1
    assert r'# The \"Tversky\" loss\n' in draft.read_text()


def test_it_is_clean_and_its_module_in_step(clone, draft):
    written = [draft, clone.folder / "lossbook/segmentation/tversky.py", clone.folder / "lossbook/__init__.pyi"]
    before = [path.read_text() for path in written]
    clone.run(NBDEV_TEST.with_name("nbdev-clean"))
    clone.run(NBDEV_TEST.with_name("nbdev-export"))
    assert [path.read_text() for path in written] == before


def test_it_stays_out_of_the_site(clone, draft):
    built = clone.run(sys.executable, "-c", "from web.build import build; print(build())")
    assert built.stdout.strip().endswith("[]"), built.stdout + built.stderr  # no fault
    assert "tversky" not in built.stdout + built.stderr
    assert not list(clone.folder.glob("_site/**/*tversky*"))


@pytest.mark.parametrize(
    "part, name, sentence",
    [
        ("", "", "say which chapter: make chapter part=segmentation name=tversky"),
        ("segmentation", "", "say which chapter: make chapter part=segmentation name=tversky"),
        ("segmentation", "Tversky", "name=Tversky cannot name a module: use lower-case letters"),
        ("segmentation", "2d", "name=2d cannot name a module"),
        ("seg-mentation", "tversky", "part=seg-mentation cannot name a module"),
        ("segmentation", "lambda", "name=lambda cannot name a module"),
        ("segmentation", "../dice", "name=../dice cannot name a module"),
    ],
)
def test_a_wrong_name_gets_one_sentence(part, name, sentence):
    with pytest.raises(SystemExit) as refusal:
        refuse(part, name)
    assert str(refusal.value).startswith(sentence) and "\n" not in str(refusal.value)


def test_a_chapter_that_exists_is_not_overwritten(clone, draft):
    before = clone.changes()
    again = clone.tool("chapter", "segmentation", "tversky")
    assert again.returncode == 1
    assert again.stderr == f"{draft.relative_to(clone.folder)} is the chapter tversky of the part segmentation already\n"
    assert clone.changes() == before


def test_a_new_part_is_a_new_section(clone, draft):
    assert clone.tool("chapter", "outer_space", "orbit").returncode == 0
    config = (clone.folder / "_quarto.yml").read_text()
    assert "      - section: Outer space\n        contents:\n          - nbs/outer_space/01_orbit.ipynb\n" in config
