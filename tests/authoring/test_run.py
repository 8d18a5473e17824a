"Stored outputs are compared with fresh ones, by value."
from base64 import b64encode
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fastcore.nbio import mk_cell, mk_display, mk_result, new_nb, write_nb

from tools.run import over_budget, same, stale


def shown(**data):
    return [mk_display(**data)]


def png(grey):
    file = BytesIO()
    plt.imsave(file, np.full((4, 4, 3), grey), format="png")
    return b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    "old, new",
    [
        ("0.1", "0.10000000000000001"),
        ("[0.25, 1e-17]", "[0.25, -3e-17]"),
        ("array([0.3,   1.])", "array([0.30000000000000004, 1.])"),
        ("nothing to count", "nothing to count"),
    ],
)
def test_the_last_digits_do_not_count(old, new):
    assert same(shown(text_plain=old), shown(text_plain=new))


@pytest.mark.parametrize(
    "old, new",
    [("0.1", "0.10001"), ("[1, 2]", "[1, 2, 3]"), ("True", "False"), ("1", "2"), ("f1", "f2"), ("1e-3", "2e-3")],
)
def test_everything_else_counts(old, new):
    assert not same(shown(text_plain=old), shown(text_plain=new))
    assert not same(shown(text_plain=old), [])
    assert not same(shown(text_plain=old), shown(text_html=old))


def test_pictures_are_compared_by_their_pixels():
    assert same(shown(image_png=png(0.5)), shown(image_png=png(0.502)))
    assert not same(shown(image_png=png(0.5)), shown(image_png=png(0.6)))


def test_drawings_are_compared_by_their_points():
    def drawn(x, mark="f0a1b2c3d"): return shown(**{"image/svg+xml": f'<path id="{mark}-m1" d="M 0 {x}"/>\n<use href="#{mark}-m1"/>'})
    assert same(drawn("201.798744"), drawn("201.798745", mark="fffffffff"))
    assert not same(drawn("201.79"), drawn("201.9")) and not same(drawn("20"), drawn("20 L 1 1"))


def test_a_stale_cell_is_named(tmp_path):
    def written(name, value):
        cells = [mk_cell("2"), mk_cell("1 + 1", outputs=[mk_result(text_plain=value)])]
        write_nb(new_nb(cells), tmp_path / name)
        return tmp_path / name

    assert stale(written("old", "2"), written("new", "2")) == []
    assert stale(written("old", "2"), written("new", "3")) == ["the stored output of cell 2 is not what it gives now: run `make prepare`"]


def test_a_slow_notebook_is_named():
    assert over_budget(0.1) is None
    assert "it took 1000000 s" in over_budget(1e6)
