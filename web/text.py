"Markdown as text: what is prose in it and what is code or math."
import re

FENCED = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^ {0,3}(?P=fence)[`~]*[ \t]*$", re.S | re.M)
CODE = re.compile(FENCED.pattern + r"|(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)", re.S | re.M)
MATH = re.compile(r"\$\$.+?\$\$|(?<![\\$])\$(?=[^\s$])[^$]*?(?<=[^\s\\])\$(?!\d)", re.S)
LITERAL = re.compile(f"{CODE.pattern}|{MATH.pattern}", re.S | re.M)
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*(?:\{([^{}]*)\})?\s*$")


def outside(pattern, text, change):
    "The text with `change` applied to all that no match of the pattern covers."
    parts, start = [], 0
    for match in pattern.finditer(text):
        parts += [change(text[start : match.start()]), match[0]]
        start = match.end()
    return "".join([*parts, change(text[start:])])


def without(pattern, text):
    "The text less what the pattern matches, newlines kept."
    return pattern.sub(lambda match: "\n" * match[0].count("\n"), text)


def headings(text):
    "Level, words and attributes of each heading that is neither in code nor in a fenced div."
    depth = 0
    for line in without(CODE, text).split("\n"):
        if fence := re.match(r" {0,3}:{3,}(.*)", line): depth += 1 if fence[1].strip(" :") else -1
        elif not depth and (match := HEADING.match(line)): yield len(match[1]), match[2], match[3] or ""
