"Faults of notebooks and of the built site, one line each, saying where."
import ast
import re
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from fastcore.nbio import read_nb
from smalldocs.notebook import IMAGES, cell_options

from web.text import CODE, without

ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.I)
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src", "object": "data", "link": "href", "use": "href", "image": "href"}
IN_STYLE = re.compile(r"@import\s+(?:url\()?['\"]?((?:https?:)?//[^'\")\s;]+)|url\(\s*['\"]?((?:https?:)?//[^'\")\s]+)", re.I)
IN_SCRIPT = re.compile(r"(?:\bfetch|\bimport|\bimportScripts|new (?:Worker|WebSocket|EventSource))\s*\(?\s*['\"]((?:(?:https?|wss?):)?//[^'\"]+)|\bfrom\s*['\"](https?://[^'\"]+)")


# ---- notebooks


def notebook_faults(source, root):
    "What is wrong with the cells of a notebook, before anything is made of it."
    cells = read_nb(Path(root) / source).cells
    return [f"{source}: cell {number}: {words}" for number, cell in enumerate(cells, 1) for words in _cell_faults(cell)]


def _cell_faults(cell):
    if cell.cell_type == "markdown": yield from _pictures_without_words(cell.source)
    if cell.cell_type != "code": return
    written = re.search(r"^#\| *[\w-]+:", cell.source, re.M)
    options, _ = cell_options(cell.source)
    if written and not options: yield "its #| options are not YAML (quote a value that holds a colon)"
    if not cell.outputs and _shows_something(cell, options): yield "shows something when run, but holds no output: run the notebook and save it"
    if any(output.output_type == "error" for output in cell.outputs): yield "holds the traceback of an error"
    if any(_is_picture(output) for output in cell.outputs) and not options.get("fig-alt"): yield "a figure without alt text (#| fig-alt: ...)"


def _pictures_without_words(text):
    if re.search(r"!\[\s*\]\((?![^)]*\)\{[^}]*fig-alt)", without(CODE, text)): yield "a picture without alt text"


def _is_picture(output):
    return bool(set(output.get("data", {})) & set(IMAGES))


def _shows_something(cell, options):
    "Whether the cell surely displays a value: it ends in an expression that is no call, prints, or is labelled as a figure."
    if options.get("eval") is False or not (body := cell.parsed_()): return False
    if options.get("label", "").startswith("fig-"): return True
    return _is_shown(body[-1], cell.source) or any(_prints(statement) for statement in body)


def _is_shown(statement, source):
    is_silent = source.rstrip().endswith(";") or isinstance(getattr(statement, "value", None), ast.Call | ast.Await)
    return isinstance(statement, ast.Expr) and not is_silent


def _prints(statement):
    call = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("print", "display")


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


def site_faults(site, sources):
    "What is wrong with the pages of a built site; `sources` says which notebook a page comes from."
    pages = {path.relative_to(site).as_posix(): Html(path.read_text(encoding="utf-8")) for path in sorted(Path(site).rglob("*.html"))}
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
