"What the page \"Why your number differs\" is made from is what our functions and the libraries give now."
import json
from pathlib import Path

import numpy as np
import pytest

from tests.peers.rows import ask
from tools.conventions import FILE, PARTS, answers, cases, conventions, imports

TOLD = json.loads(FILE.read_text(encoding="utf-8"))
LIBRARIES = [library for name, library in vars(ask).items() if name[0] != "_"]


@pytest.fixture(scope="module")
def now():
    return conventions(TOLD)


def rows_of(told):
    return [(case["title"], row) for topics in told["parts"].values() for each in topics.values() for case in each for row in case["rows"]]


def same(first, second):
    "Equal words; numbers equal but for the last digits that float32 has."
    words = [json.dumps(x, default=str) for x in (first, second)] if isinstance(first, dict) or isinstance(second, dict) else None
    if words:
        return words[0] == words[1]
    return np.shape(first) == np.shape(second) and np.allclose(np.asarray(first, float), np.asarray(second, float), rtol=1e-4, atol=1e-9, equal_nan=True)


def test_what_we_give(now):
    told, fresh = rows_of(TOLD), rows_of(now)
    for (title, old), (_, new) in zip(told, fresh, strict=True):
        assert same(old["gives"], new["gives"]), f"{title}: {new['choice']}: run `make conventions`"
    def words(told):
        return [{**case, "rows": [{**row, "gives": 0, "theirs": [answer["call"] for answer in row["theirs"]]} for row in case["rows"]]}
                for topics in told["parts"].values() for each in topics.values() for case in each]
    assert words(now) == words(TOLD), "run `make conventions`"


@pytest.mark.parametrize("library", LIBRARIES, ids=[library.name for library in LIBRARIES])
def test_what_a_library_gives(now, library):
    if not imports(library):
        pytest.skip(f"{library.name} is not installed")
    if library.version != TOLD["versions"][library.name]:
        pytest.skip(f"{library.name} {TOLD['versions'][library.name]} was asked, {library.version} is installed")
    told = dict(answers(TOLD))
    changed = [at for at, answer in answers(now) if answer["library"] == library.name and not same(answer["gives"], told[at]["gives"])]
    assert changed == [], "run `make conventions`"


def test_every_case_is_told():
    names = {name for topics in PARTS.values() for name in topics.values()}
    files = Path(__file__).parent.glob("test_*.py")
    assert names == {path.stem.removeprefix("test_") for path in files if "\nCASES = [" in path.read_text(encoding="utf-8")}


def test_titles_of_cases_tell_them_apart():
    titles = [case.title for topics in PARTS.values() for name in topics.values() for case in cases(name)]
    assert len(set(titles)) == len(titles)
    assert len(dict(answers(TOLD))) == len(list(answers(TOLD)))
