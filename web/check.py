"Faults of notebooks and of the built site, one line each, saying where."
import re
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from fastcore.nbio import read_nb
from smalldocs.notebook import cell_options

from web.text import CODE, without

PICTURE_WITHOUT_WORDS = re.compile(r"!\[\s*\]\((?![^)]*\)\{[^}]*fig-alt)")
ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.I)
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src", "object": "data", "link": "href", "use": "href", "image": "href"}
IN_STYLE = re.compile(r"@import\s+(?:url\()?['\"]?((?:https?:)?//[^'\")\s;]+)|url\(\s*['\"]?((?:https?:)?//[^'\")\s]+)", re.I)
IN_SCRIPT = re.compile(r"(?:\bfetch|\bimport|\bimportScripts|new (?:Worker|WebSocket|EventSource))\s*\(?\s*['\"]((?:(?:https?|wss?):)?//[^'\"]+)|\bfrom\s*['\"](https?://[^'\"]+)")


# ---- notebooks


def notebook_faults(source):
    "What would not show on the page as the notebook means it."
    cells = read_nb(source).cells
    return [f"{source}: cell {number}: {words}" for number, cell in enumerate(cells, 1) for words in _cell_faults(cell)]


def _cell_faults(cell):
    if cell.cell_type == "markdown" and PICTURE_WITHOUT_WORDS.search(without(CODE, cell.source)): yield "a picture without alt text"
    if cell.cell_type != "code": return
    if re.match(r"#\| *[\w-]+:", cell.source) and not cell_options(cell.source)[0]: yield "its options are not YAML: quote a value that holds a colon"
    if any(output.output_type == "error" for output in cell.outputs): yield "holds the traceback of an error: run `make prepare`"


# ---- the built site


class Html(HTMLParser):
    "What a page holds that can be wrong: anchors, links, what it loads, pictures without words."

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loaded, self.silent = [], [], [], []
        self.styles, self.scripts, self.inside = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get("id"): self.anchors.append(given["id"])
        if tag == "a" and given.get("href"): self.links.append(given["href"])
        if tag in LOADS and given.get(LOADS[tag]): self.loaded.append(given[LOADS[tag]])
        if given.get("style"): self.styles.append(given["style"])
        if tag == "img" and not given.get("alt", "").strip() and given.get("role") != "presentation": self.silent.append(given.get("src", "")[:60])
        self.inside = tag if tag in ("style", "script") else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "style": self.styles.append(data)
        if self.inside == "script": self.scripts.append(data)


def site_faults(site, sources, cache):
    "What is wrong with the pages of a built site; `sources` says which notebook a page comes from."
    texts = {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in sorted(Path(site).rglob("*.html"))}
    pages = {name: cache(partial(Html, text), text) for name, text in texts.items()}
    faults = [f"{sources.get(name, name)}: {words}" for name, page in pages.items() for words in _page_faults(name, page, pages, site)]
    return faults + [f"{path.relative_to(site)}: loads {url} from elsewhere" for path in _files(site, "css", "js") for url in _outside(path)]


def _page_faults(name, page, pages, site):
    for link in dict.fromkeys(page.links):
        if _leads_nowhere(name, link, pages, site): yield f"broken link {link}"
    for url in filter(ELSEWHERE.match, page.loaded): yield f"loads {url} from elsewhere"
    for url in _urls(IN_STYLE, page.styles) + _urls(IN_SCRIPT, page.scripts): yield f"loads {url} from elsewhere"
    for picture in page.silent: yield f"a picture without alt text: {picture}"
    folded = [anchor.lower() for anchor in page.anchors]
    for anchor in sorted({anchor for anchor in folded if folded.count(anchor) > 1}): yield f"the anchor #{anchor} is there twice"


def _leads_nowhere(name, link, pages, site):
    if ELSEWHERE.match(link) or re.match(r"(?:mailto|tel|data|javascript):", link): return False
    path, _, anchor = link.partition("#")
    target = normpath(join(dirname(name), unquote(path.partition("?")[0]))) if path else name
    if target not in pages and (Path(site) / target).is_dir(): target = normpath(join(target, "index.html"))
    if target not in pages: return target.startswith("..") or link.startswith("/") or not (Path(site) / target).is_file()
    return bool(anchor) and unquote(anchor) not in pages[target].anchors


def _files(site, *kinds):
    return sorted(path for kind in kinds for path in Path(site).rglob(f"*.{kind}"))


def _outside(path):
    pattern = IN_STYLE if path.suffix == ".css" else IN_SCRIPT
    return _urls(pattern, [path.read_text(encoding="utf-8", errors="replace")])


def _urls(pattern, texts):
    return [next(filter(None, found)) for text in texts for found in pattern.findall(text)]
