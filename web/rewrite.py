"Plain Quarto to what the renderer reads: numbers, citations and figures, which it does not know, are written out."
import html
import re
from base64 import b64encode

from fastcore.nbio import mk_cell
from smalldocs.markdown import render
from smalldocs.notebook import IMAGES, cell_options

from web.cite import CITED
from web.labels import EQUATION, IMAGE, KIND, TABLE
from web.text import CODE, FENCED, LITERAL, outside

BRACKETS = re.compile(r"(?<!\^)\[(?P<items>[^\[\]]*(?<![\w/.])@\w[^\[\]]*)\](?![({])")
IN_SENTENCE = re.compile(r"(?<![\w@/.\[])@(?P<key>\w+(?:[:.#/+-]+\w+)*)(?: \[(?P<after>[^\[\]@]*)\])?")
REFERENCES = re.compile(r"^::: *\{#refs\}\s*\n:::", re.M)
# The renderer looks for a digit before a dollar sign; before the first of a cell it finds the cell's last character.
MATH_TO_DIGIT = re.compile(r"(?<=\|) *\$[^|\n]*\d(?= *\|)")
TITLE = re.compile(r"\A# (?P<title>.*?)(?: *\{(?P<attributes>[^{}]*)\})?$", re.M)


class Rewriter:
    "Rewrites one page, and keeps what it cites and what is wrong with it."

    def __init__(self, page, labels, library):
        self.page, self.labels, self.library = page, labels, library
        self.cited, self.faults = {}, []

    def rewrite(self, notebook):
        "The page for the renderer, in place."
        for cell in notebook.cells:
            if cell.cell_type == "markdown": cell.source = self._markdown(cell.source)
            elif cell.cell_type == "code": self._code(cell)
        self._list_references(notebook)
        self._head(notebook)
        return notebook

    # ---- prose

    def _markdown(self, text):
        text = outside(FENCED, text, lambda prose: EQUATION.sub(self._equation, prose))
        text = outside(CODE, text, lambda prose: TABLE.sub(self._table, IMAGE.sub(self._image, prose)))
        text = outside(FENCED, text, lambda prose: MATH_TO_DIGIT.sub(r"\g<0>&#8203;", prose))
        return self._references(text)

    def _references(self, text):
        "Citations and cross-references written out."
        text = outside(LITERAL, text, lambda prose: BRACKETS.sub(self._brackets, prose))
        return outside(LITERAL, text, lambda prose: IN_SENTENCE.sub(self._in_sentence, prose))

    def _equation(self, match):
        tex, label = match[1].strip(), match[2]
        return f"\n\n::: {{#{label} .equation}}\n$$\n{tex} \\tag{{{self.labels[label].number}}}\n$$\n:::\n\n"

    def _image(self, match):
        return f"![{self.labels[match['label']]}: {match['caption']}]{match['target']}{{#{match['label']}{match['rest']}}}"

    def _table(self, match):
        return f"{match['mark']}{self.labels[match['label']]}: {match['caption']}{match['attributes']}"

    def _brackets(self, match):
        "`[see @dice1945, p. 3; @eq-dice]`: a list in one pair of brackets, none around cross-references."
        items = [CITED.fullmatch(item) for item in match["items"].split(";")]
        if not all(items): return match[0]
        texts = [self._label(item["key"], item) if self._is_label(item["key"]) else self._work(item) for item in items]
        if None in texts: return match[0]
        return ", ".join(texts) if self._is_label(items[0]["key"]) else f"({'; '.join(texts)})"

    def _in_sentence(self, match):
        key, after = match["key"], match["after"] or ""
        if self._is_label(key): return (self._label(key) or match[0]) + (f" [{after}]" if after else "")
        return self.library.in_sentence(key, after) if self._cite(key) else match[0]

    def _is_label(self, key):
        return re.match(f"(?:{KIND})-", key)

    def _label(self, key, item=None):
        "A link to a label: `Eq. 2.1`, `2.1` with a minus sign before it, the words before it instead of `Eq.`."
        label = self.labels.get(key)
        if label is None: return self._fault(f"unknown cross-reference @{key}")
        before, words = (item["before"].strip() if item else ""), str(label)
        if before or item and item["no_author"]: words = f"{before} {label.number}".strip()
        return f"[{words}]({self.page.link(label.page, label.anchor) or '#'})"

    def _work(self, item):
        if not self._cite(item["key"]): return None
        return self.library.in_brackets(item["key"], bool(item["no_author"]), item["before"], item["after"])

    def _cite(self, key):
        if key not in self.library: return self._fault(f"unknown citation @{key}")
        self.cited[key] = True
        return True

    def _fault(self, words):
        self.faults.append(f"{self.page.source}: {words}")

    # ---- figures and tables that code makes

    def _code(self, cell):
        options, body = cell_options(cell.source)
        label, caption = options.get("label", ""), str(options.get("fig-cap", options.get("tbl-cap", "")))
        if not self._is_label(label) and not caption and "fig-alt" not in options: return
        if label in self.labels: caption = f"{self.labels[label]}: {caption}"
        keep = [line for line in cell.source.split("\n") if re.match(r"#\| *(code-|echo|output|include|column)", line)]
        cell.source = "\n".join([*keep, body])
        last = len(cell.outputs) - 1
        for i, output in enumerate(cell.outputs): self._figure(output, label if i == 0 else "", caption if i == last else "", options)

    def _figure(self, output, label, caption, options):
        "An output as a figure of its own, with its anchor and its caption."
        if "data" not in output: return
        caption = f"<figcaption>{self._inline(caption)}</figcaption>" if caption else ""
        anchor = f' id="{html.escape(label)}"' if label else ""
        content = _picture(output["data"], str(options.get("fig-alt", "")))
        output["data"] = {"text/html": f'<figure class="figure"{anchor}>\n{content}\n{caption}\n</figure>'}

    def _inline(self, text):
        "A caption as HTML."
        linked = render(self._references(text), {"link": self._resolved, "title": ""}).strip()
        return linked.removeprefix("<p>").removesuffix("</p>")

    def _resolved(self, href, kind):
        return re.sub(r"\.ipynb(?=#|$)", ".html", href)

    # ---- the page

    def _list_references(self, notebook):
        "The reference list where the page asks for it, else at its end, as Quarto puts it."
        if not self.cited: return
        listed = f"```{{=html}}\n{self.library.reference_list(self.cited)}\n```"
        places = [cell for cell in notebook.cells if cell.cell_type == "markdown" and REFERENCES.search(cell.source)]
        if not places: notebook.cells.append(mk_cell(listed, "markdown"))
        for cell in places[:1]: cell.source = REFERENCES.sub(lambda match: listed, cell.source)

    def _head(self, notebook):
        "The chapter number in the title, and the title among the page's options, where the renderer wants it."
        cell = next(cell for cell in notebook.cells if cell.cell_type == "markdown")
        title = TITLE.search(cell.source)["title"]
        options = f"title: {_quoted(f'[{self.page.number}]{{.chapter-number}} {title}')}"
        if self.page.number is None: options = f"title: {_quoted(title)}\nnumber-sections: false"
        if notebook.cells[0].cell_type != "raw": notebook.cells.insert(0, mk_cell("---\n---", "raw"))
        notebook.cells[0].source = notebook.cells[0].source.replace("---\n", f"---\n{options}\n", 1)
        cell.source = TITLE.sub("", cell.source)


def _picture(data, alt):
    "What an output shows, as HTML: pictures carry their alt text."
    kind = next((kind for kind in ("text/html", *IMAGES, "text/plain") if kind in data), None)
    value = "".join(data[kind])
    if kind == "text/html": return value
    if kind == "text/plain": return f"<pre><code>{html.escape(value)}</code></pre>"
    if kind == "image/svg+xml" and "figure-svg" in value: return _inlined(value, alt)
    if kind == "image/svg+xml": value = b64encode(value.encode()).decode()
    return f'<img src="data:{kind};base64,{"".join(value.split())}" alt="{html.escape(alt)}" class="img-fluid figure-img">'


def _inlined(svg, alt):
    "A figure of the book's own making, which follows the theme of the page it is part of; its anchors are its own."
    return svg.replace("<svg ", f'<svg aria-label="{html.escape(alt)}" ', 1)


def _quoted(text):
    return "'" + text.replace("'", "''") + "'"
