"Citations: author and year in the text, entries with links at the end of the page."
import re
from collections import Counter
from string import ascii_lowercase

from pybtex.database import parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text

STYLE = find_plugin("pybtex.style.formatting", "unsrt")()
HTML = find_plugin("pybtex.backends", "html")("utf-8")
CITED = re.compile(r"(?P<before>.*?)(?P<no_author>-?)@(?P<key>\w+(?:[:.#/+-]+\w+)*)(?P<after>.*)", re.S)


def library_in(path):
    "The works of a BibTeX file."
    return Library(parse_file(str(path), "bibtex").entries)


class Library:
    "The works that may be cited."

    def __init__(self, entries):
        self.entries = dict(entries)
        self.years = _distinct_years(self.entries)

    def __contains__(self, key):
        return key in self.entries

    def author(self, key):
        return _names(self.entries[key])

    def in_brackets(self, key, no_author=False, before="", after=""):
        "What stands between brackets for one work: `see Dice 1945, p. 299`."
        words = self.years[key] if no_author else f"{self.author(key)} {self.years[key]}"
        return f"{before.lstrip()}[{words}](#ref-{key}){after.rstrip()}"

    def in_sentence(self, key, after=""):
        "A work as part of the sentence: `Dice (1945, p. 299)`."
        return f"{self.author(key)} ([{self.years[key]}](#ref-{key}){', ' + after if after else ''})"

    def reference_list(self, keys):
        "The entries of some works as HTML, by author and year."
        keys = sorted(keys, key=lambda key: (self.author(key).lower(), self.years[key]))
        items = "\n".join(f'<li id="ref-{key}">{self._entry(key)}</li>' for key in keys)
        return f'<ul class="references" id="refs">\n{items}\n</ul>'

    def _entry(self, key):
        html = STYLE.format_entry(key, self.entries[key]).text.render(HTML).replace("\n", " ")
        return re.sub(r"\$(.+?)\$", r"\\(\1\\)", html)


def _names(entry):
    "Family names as they stand in a sentence: one, two, or the first of many."
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [str(Text.from_latex(" ".join(person.prelast_names + person.last_names))) for person in people]
    if not names: return str(Text.from_latex(entry.fields.get("organization", entry.fields["title"])))
    if len(names) > 2 or names[-1] == "others": return f"{names[0]} et al."
    return " and ".join(names)


def _distinct_years(entries):
    "The year of each work, with a letter where an author has two in one year."
    label = {key: (_names(entry), entry.fields.get("year", "n.d.")) for key, entry in entries.items()}
    alike, seen, years = Counter(label.values()), Counter(), {}
    for key, (names, year) in label.items():
        years[key] = year + (ascii_lowercase[seen[names, year]] if alike[names, year] > 1 else "")
        seen[names, year] += 1
    return years
