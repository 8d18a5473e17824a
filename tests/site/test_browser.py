"""Every page of the built site, in a headless Chromium: wide and on a phone, light and dark.

The pages and the figures one can touch are found, not listed: a new chapter is tested without a new test.
"""
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import pytest

from tests.site.explorables import by_key, by_mouse, by_touch, figures_on

WIDE = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},  # what a theme can change
}
LOOKS = [(screen, scheme) for screen in ("wide", "phone") for scheme in ("light", "dark")]

FACTS = """() => {
  const outside = (selector) => [...document.querySelectorAll(selector)].filter(e => !e.closest('.katex, pre, code, script, style'));
  const text = (node) => node.nodeType === 3 ? node.data
    : node.nodeType === 1 && !node.matches('.katex, pre, code, script, style') ? [...node.childNodes].map(text).join('') : '';
  const named = (e) => ['alt', 'aria-label', 'aria-labelledby', 'title'].some(a => (e.getAttribute(a) || '').trim());
  const main = document.querySelector('main') || document.body;
  const dark = (e) => { const [r, g, b] = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number); return .299*r + .587*g + .114*b < 128; };
  return {
    width: document.documentElement.scrollWidth,
    wider: [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
      && !e.closest('.cell-output, .sd-table, pre, .katex, .math')).slice(0, 3).map(e => e.tagName + '.' + e.className),
    math: document.querySelectorAll('main .katex').length,
    formulas: document.querySelectorAll('main .math, main span.katex-source').length,
    brokenMath: [...document.querySelectorAll('.katex-error')].map(e => e.textContent),
    rawMath: (text(main).match(/\\$\\$|\\\\\\(|\\\\\\[|\\\\(frac|hat|sum|mathbb|operatorname)\\b/g) || []),
    unnamed: outside('main img, main svg:not(svg svg)').filter(e => !named(e) && !e.closest('[aria-hidden=true]')).map(e => e.outerHTML.slice(0, 90)),
    links: [...document.querySelectorAll('a[href]')].map(a => a.href),
    ids: [...document.querySelectorAll('main [id]')].map(e => e.id),
    dark: dark(document.body),
  };
}"""


@dataclass
class Visit:
    "One page as one reader saw it."

    page: str
    screen: str
    scheme: str
    errors: list = field(default_factory=list)
    foreign: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)
    axe: list = field(default_factory=list)

    def __str__(self):
        return f"{self.page} ({self.screen}, {self.scheme})"


def is_here(url):
    return urlsplit(url).hostname in (None, "127.0.0.1")


def watch(page, visit):
    "Keep the page's complaints, and refuse and keep every request to another host."

    def route(request):
        if is_here(request.request.url):
            return request.continue_()
        visit.foreign.append(request.request.url)
        request.abort()

    page.route("**/*", route)
    page.on("console", lambda m: visit.errors.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: visit.errors.append(str(e)))


def look(context, book, path, screen, scheme):
    visit, page = Visit(path, screen, scheme), context.new_page()
    watch(page, visit)
    page.goto(book + path, wait_until="load")
    visit.facts = page.evaluate(FACTS)
    visit.axe = axe_faults(page, RULES[scheme]) if screen == "wide" else []
    page.close()
    return visit


def axe_faults(page, rules):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": rules}).response["violations"]
    return [f"{v['id']}: {v['help']}: {node['target']}" for v in found if v["impact"] in ("serious", "critical") for node in v["nodes"]]


def pages_of(site):
    html = sorted(site.rglob("*.html"))
    return [f.relative_to(site).as_posix() for f in html if "site_libs" not in f.parts and "<main" in f.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def paths(site):
    return pages_of(site)


@pytest.fixture(scope="module")
def visits(browser, book, paths):
    "Every page, seen by every kind of reader."
    seen = []
    for screen, scheme in LOOKS:
        context = browser.new_context(**(WIDE if screen == "wide" else PHONE), color_scheme=scheme, reduced_motion="reduce")
        seen += [look(context, book, path, screen, scheme) for path in paths]
        context.close()
    return seen


def no_faults(visits, faults):
    lines = [f"{visit}: {fault}" for visit in visits for fault in faults(visit)]
    assert not lines, "\n".join(dict.fromkeys(lines))


def test_the_site_builds_without_a_fault(build):
    assert build.returncode == 0, build.stderr


def test_there_are_pages(paths):
    assert "index.html" in paths and len(paths) > 1


def test_no_page_complains(visits):
    no_faults(visits, lambda visit: visit.errors)


def test_nothing_is_asked_of_another_host(visits):
    no_faults(visits, lambda visit: visit.foreign)


def test_math_is_rendered(visits):
    no_faults(visits, lambda visit: visit.facts["brokenMath"] + visit.facts["rawMath"])
    assert sum(visit.facts["math"] for visit in visits) > 0


def test_no_page_scrolls_sideways(visits):
    width = {"wide": 1280, "phone": 390}
    no_faults(visits, lambda visit: visit.facts["wider"] or ["too wide"] if visit.facts["width"] > width[visit.screen] else [])


def test_dark_is_dark_and_light_is_light(visits):
    no_faults(visits, lambda visit: [] if visit.facts["dark"] == (visit.scheme == "dark") else ["wrong background"])


def test_every_picture_has_alt_text(visits):
    no_faults(visits, lambda visit: visit.facts["unnamed"])


def test_ids_are_unique(visits):
    no_faults(visits, lambda visit: {i for i in visit.facts["ids"] if visit.facts["ids"].count(i) > 1})


def test_axe_finds_no_serious_fault(visits):
    no_faults(visits, lambda visit: visit.axe)


def test_links_lead_somewhere(visits, book, site):
    def broken(visit):
        for link in visit.facts["links"]:
            if link.startswith(book) and not (site / (urlsplit(link).path.removeprefix("/book/") or "index.html")).exists():
                yield link

    no_faults(visits, broken)


@pytest.fixture
def reader(browser, book):
    context = browser.new_context(**WIDE, reduced_motion="reduce")
    page = context.new_page()
    page.goto(book + "index.html")
    yield page
    context.close()


def heading(page):
    return page.locator("h1").first.inner_text()


def hrefs(page, selector):
    return [urljoin(page.url, a.get_attribute("href")) for a in page.query_selector_all(selector)]


def follow(page, link):
    "Click a link, and wait until the page it leads to is there."
    with page.expect_navigation():
        link.click()


def test_next_walks_the_sidebar_and_previous_goes_back(reader):
    order = hrefs(reader, "#quarto-sidebar a.sidebar-link[href]:not([href=''])")
    walked = [reader.url]
    while (forward := reader.locator(".nav-page-next a")).count():
        follow(reader, forward)
        walked.append(reader.url)
        assert len(walked) <= len(order), f"next leads in a circle: {walked}"
    assert walked == order
    for address in reversed(walked[:-1]):
        follow(reader, reader.locator(".nav-page-previous a"))
        assert reader.url == address


def test_sidebar_opens_a_chapter(reader):
    link = reader.locator("#quarto-sidebar a.sidebar-link").last
    name = link.inner_text().strip()
    follow(reader, link)
    assert name in heading(reader)


def test_sidebar_opens_on_a_phone(browser, book):
    context = browser.new_context(**PHONE, reduced_motion="reduce")
    page = context.new_page()
    page.goto(book + "index.html")
    page.locator(".quarto-btn-toggle").first.tap()
    link = page.locator("#quarto-sidebar a.sidebar-link").last
    address = urljoin(page.url, link.get_attribute("href"))
    link.tap()
    page.wait_for_url(address)
    context.close()


def test_search_finds_a_chapter_and_opens_it(reader):
    name = reader.locator("#quarto-sidebar a.sidebar-link").last.inner_text().strip()
    reader.locator(".smalldocs-search input").first.fill(name)
    result = reader.locator(".search-result", has_text=name).first
    result.wait_for()
    follow(reader, result)
    assert name in heading(reader)


def test_the_switch_changes_the_theme_and_it_stays(reader):
    is_dark = "document.documentElement.classList.contains('quarto-dark')"
    reader.locator(".quarto-color-scheme-toggle").first.click()
    reader.wait_for_function(is_dark)
    reader.reload()
    assert reader.evaluate(is_dark)


@pytest.fixture(scope="module")
def touchable(site, paths):
    "The pages that hold a figure one can touch."
    return [path for path in paths if 'class="explorable"' in (site / path).read_text(encoding="utf-8")]


@pytest.mark.parametrize("way, device", [(by_mouse, WIDE), (by_touch, PHONE), (by_key, WIDE)], ids=["mouse", "touch", "key"])
def test_explorables_show_the_number_of_python(browser, book, touchable, way, device):
    context = browser.new_context(**device, reduced_motion="reduce")
    for path in touchable:
        page = context.new_page()
        page.goto(book + path)
        for figure in figures_on(page):
            figure.drive(way)
        page.close()
    context.close()
