"The frame of the figures one can touch, on a page that holds nothing else."
import json

import numpy as np
import pytest

from tests.site.explorables import by_key, by_mouse, by_touch, figures_on
from tests.site.local_server import serve
from lossbook.boxes.iou import box_iou
from lossbook.figures import explorable

x, y = np.array([0.0, 1, 2, 4]), np.array([1.0, 3, 2, 5])
scores, labels = np.array([0.1, 0.2, 0.4, 0.4, 0.7, 0.9]), np.array([0, 0, 1, 0, 1, 1])
truth = np.zeros((8, 9), int)
truth[2:6, 3:7] = 1
prediction = np.zeros((8, 9), int)
prediction[3:6, 2:6] = 1
box = [2, 1, 5, 3]


def mse(left, right):
    return np.mean((y - np.interp(x, [0, 4], [left, right])) ** 2)


def f1_and_precision(threshold):
    called = scores >= threshold
    tp, positive = np.sum(called & (labels == 1)), np.sum(labels == 1)
    return {"f1": 2 * tp / (called.sum() + positive), "precision": tp / called.sum() if called.any() else np.nan}


def dice_and_iou(dx, dy):
    moved = np.zeros_like(truth)
    for row, column in np.argwhere(prediction) + [dy, dx]:
        if 0 <= row < 8 and 0 <= column < 9:
            moved[row, column] = 1
    both, either = np.sum(truth & moved), np.sum(truth | moved)
    return {"dice": 2 * both / (both + either), "iou": both / either}


def overlap_of_boxes(x, y, width, height):
    guess = [x, y, x + width, y + height]
    scores = {kind: box_iou(box, guess, kind=kind) for kind in ("iou", "giou", "diou", "ciou")}
    return {**scores, "l2": np.sum(np.subtract(guess, box) ** 2)}


def four_figures():
    heights = np.linspace(-1, 7, 25)
    line = explorable("squared_error", {"x": x, "y": y, "best": 0.5}, {"left": heights, "right": heights}, mse, alt="A <line>")
    thresholds = {"threshold": np.linspace(0, 1, 41)}
    cut = explorable("threshold", {"scores": scores, "labels": labels}, thresholds, f1_and_precision, alt="A cut", start={"threshold": 0.3})
    shifts = {"dx": np.arange(-4, 6), "dy": np.arange(-4, 5)}
    masks = explorable("masks", {"truth": truth, "prediction": prediction}, shifts, dice_and_iou, alt="Two masks", caption="Drag it.")
    corners = {"x": np.arange(6), "y": np.arange(5), "width": np.arange(2, 8), "height": np.arange(2, 8)}
    boxes = explorable("boxes", {"truth": box}, corners, overlap_of_boxes, alt="Two boxes")
    return [line, cut, masks, boxes]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frame")
    body = "\n".join(figure._repr_html_() for figure in four_figures())
    page = f'<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>frame</title><body>{body}'
    (folder / "index.html").write_text(page, encoding="utf-8")
    with serve(folder) as address:
        yield address


@pytest.fixture
def page(browser, address):
    page = browser.new_page(viewport={"width": 800, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert not errors


@pytest.fixture
def phone(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_output_is_the_same_on_every_run():
    assert [f._repr_html_() for f in four_figures()] == [f._repr_html_() for f in four_figures()]


def test_mouse(page):
    for figure in figures_on(page):
        figure.drive(by_mouse)


def test_key(page):
    for figure in figures_on(page):
        figure.drive(by_key)


def test_touch(phone):
    for figure in figures_on(phone):
        figure.drive(by_touch)


def test_starts_where_it_is_told(page):
    starts = [figure.state().index for figure in figures_on(page)]
    assert starts == [(12, 12), (12,), (5, 4), (3, 2, 3, 3)]


def test_a_wrong_number_is_found(page):
    figure = figures_on(page)[0]
    figure.table["values"]["value"] = [v + 1e-6 for v in figure.table["values"]["value"]]
    with pytest.raises(AssertionError, match="squared_error at .* shows"):
        figure.drive(by_key)


def test_undefined_shows_as_0_over_0(page):
    cut = figures_on(page)[1]
    cut.handles[0].focus()
    page.keyboard.press("End")
    assert cut.check() == (40,)
    assert "precision 0/0" in cut.element.inner_text()


def test_a_click_beside_the_handle_brings_it(page):
    cut = figures_on(page)[1]
    box = cut.element.query_selector("svg").bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 60)
    assert cut.check()[0] < 10


def test_a_handle_grows_with_what_it_moves(page):
    boxes = figures_on(page)[3]
    whole, corner = boxes.handles
    def reach(): return whole.query_selector(".reach").bounding_box()["width"]
    before = reach()
    corner.focus()
    page.keyboard.press("ArrowRight")
    assert boxes.check() == (3, 2, 4, 3) and reach() > before


def test_handles_speak_and_show_their_focus(page):
    handle = figures_on(page)[0].handles[0]
    page.keyboard.press("Tab")
    assert handle.evaluate("h => document.activeElement === h")
    assert handle.get_attribute("role") == "slider"
    assert float(handle.get_attribute("aria-valuenow")) == 3
    assert "mean squared error" in handle.get_attribute("aria-valuetext")
    assert handle.query_selector(".reach").evaluate("r => getComputedStyle(r).stroke") != "none"


def test_redraws_at_another_width_without_scrolling(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.querySelector('.explorable svg').viewBox.baseVal.width < 390")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for figure in figures_on(page):
        figure.check()


def test_alt_is_the_name_of_the_picture(page):
    names = page.eval_on_selector_all(".explorable svg", "svgs => svgs.map(s => s.getAttribute('aria-label'))")
    assert names == ["A <line>", "A cut", "Two masks", "Two boxes"]


def test_data_holds_no_nan_and_no_markup():
    html = explorable("masks", {"note": "</script>"}, {"dx": [0]}, lambda dx: np.nan, alt="")._repr_html_()
    start = html.index('<script type="application/json">') + 32
    table = json.loads(html[start : html.index("</script>", start)])
    assert table["data"]["note"] == "</script>" and table["values"] == {"value": [None]}
