"Move every handle of every figure one can touch, by mouse, touch and key, and compare its numbers with Python's."
from collections import namedtuple
from math import isclose, isnan, pi, sin
import json

import numpy as np

STEPS = 40  # positions of the pointer in one sweep
NEAR = 80  # pixels around a handle, for those whose positions lie close together
ENOUGH = 20  # positions of the figure that one drag must reach, where it has so many

State = namedtuple("State", "index numbers")


class Figure:
    "One explorable on an open page."

    def __init__(self, page, element):
        self.page, self.element = page, element
        self.table = json.loads(element.query_selector("script[type='application/json']").text_content())
        self.lengths = [len(places) for places in self.table["positions"].values()]
        self.axes = list(self.table["positions"])

    @property
    def handles(self):
        return self.element.query_selector_all(".explorable-handle")

    def state(self):
        "The positions and the numbers that the page shows now."
        names = ["value", *self.table["values"]]
        attributes = self.element.evaluate("(f, names) => ['index', ...names].map(n => f.getAttribute('data-' + n))", names)
        return State(tuple(map(int, attributes[0].split(","))), dict(zip(names, map(float, attributes[1:]))))

    def expected(self, index):
        "The numbers that Python computed for these positions."
        row = np.ravel_multi_index(index, self.lengths)
        numbers = {name: float("nan") if column[row] is None else column[row] for name, column in self.table["values"].items()}
        return {"value": next(iter(numbers.values())), **numbers}

    def check(self):
        "Compare what is shown with Python's table, and return the positions."
        state = self.state()
        for name, number in self.expected(state.index).items():
            shown = state.numbers[name]
            assert close(shown, number), f"{self.name} at {state.index}: {name} shows {shown!r}, Python says {number!r}"
        return state.index

    @property
    def name(self):
        return self.element.get_attribute("data-figure")

    def centre(self):
        self.element.evaluate("f => f.querySelector('svg').scrollIntoView({block: 'center', behavior: 'instant'})")

    def path(self, handle):
        "Points for a pointer along the ways a handle moves: through the whole picture, then around where it stood."
        moves = json.loads(handle.get_attribute("data-moves"))
        x, y = middle(handle)
        near = {"x": x - NEAR, "y": y - NEAR, "width": 2 * NEAR, "height": 2 * NEAR}
        for box in (self.element.query_selector("svg").bounding_box(), near):
            for step in range(STEPS + 1):
                share = step / STEPS
                wave = 0.5 + 0.48 * sin(4 * pi * share)
                across = box["x"] + share * box["width"] if "x" in moves else x
                down = box["y"] + (wave if "x" in moves else share) * box["height"] if "y" in moves else y
                yield across, down

    def drive(self, way):
        "Move each handle one way; every number on the road must be Python's."
        for handle in self.handles:
            self.centre()
            seen = way(self, handle)
            moves = json.loads(handle.get_attribute("data-moves")).values()
            possible = int(np.prod([self.lengths[self.axes.index(axis)] for axis in moves]))
            assert len(set(seen)) >= min(ENOUGH, possible), f"{self.name}: {way.__name__} reached only {len(set(seen))} positions"


def close(shown, number):
    return isnan(shown) and isnan(number) or isclose(shown, number, rel_tol=1e-9, abs_tol=1e-9)


def middle(handle):
    box = handle.query_selector(".reach").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def by_mouse(figure, handle):
    mouse, seen = figure.page.mouse, []
    mouse.move(*middle(handle))
    mouse.down()
    for point in figure.path(handle):
        mouse.move(*point)
        seen.append(figure.check())
    mouse.up()
    mouse.move(*middle(handle))
    assert figure.state().index == seen[-1], f"{figure.name}: a handle let go still follows the mouse"
    return seen


def by_touch(figure, handle):
    finger, seen = figure.page.context.new_cdp_session(figure.page), []
    scrolled = figure.page.evaluate("scrollY")

    def touch(kind, *points):
        touches = [{"x": x, "y": y} for x, y in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", middle(handle))
    for point in figure.path(handle):
        touch("touchMove", point)
        seen.append(figure.check())
    touch("touchEnd")
    assert figure.page.evaluate("scrollY") == scrolled, f"{figure.name}: the page scrolls under a dragging finger"
    return seen


def by_key(figure, handle):
    moves = json.loads(handle.get_attribute("data-moves"))
    handle.focus()
    seen = [press(figure, "End"), press(figure, "Home")]
    assert seen[0] != seen[1], f"{figure.name}: Home and End lead to one place"
    arrows = ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"] if len(moves) == 2 else ["ArrowRight" if "x" in moves else "ArrowUp"]
    for arrow in arrows:
        seen += [press(figure, arrow) for _ in range(24)]
    stairs = ["ArrowRight", "ArrowUp"] if len(moves) == 2 else []
    return seen + [press(figure, arrow) for _ in range(12) for arrow in stairs]


def press(figure, key):
    before = figure.state().index
    figure.page.keyboard.press(key)
    after = figure.check()
    if key.startswith("Arrow"):
        steps = sum(abs(a - b) for a, b in zip(after, before))
        assert steps <= 1, f"{figure.name}: {key} went {steps} positions at once"
    return after


def figures_on(page):
    page.wait_for_function("[...document.querySelectorAll('figure.explorable')].every(f => 'index' in f.dataset)")
    return [Figure(page, element) for element in page.query_selector_all("figure.explorable")]
