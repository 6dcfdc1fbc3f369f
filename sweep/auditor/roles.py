"""What headings and labels mean: the quantities of the exercise in everybody's spelling.

A role is a quantity's name here: `w1` to `w8`, `i1`, `t1`, `h1`, `ah1`, `o1`, `ao1`, `e1`, `et`,
`eta`, `step`; `d_et_w5` for a derivative of one by another; `n1` for a new weight, `c1` for the
change of one, `m_o1` for a derivative's negative. A heading may mean several: values decide.
"""

import re
import unicodedata
from functools import lru_cache

BIASES = {"layer": ("b1", "b2"), "unit": ("bh1", "bh2", "bo1", "bo2")}
"""The biases of a network that has one a layer, or one a unit."""
ALL_BIASES = BIASES["layer"] + BIASES["unit"]
CONSTANTS = ("i1", "i2", "t1", "t2", "eta", "etab")
"""What is the same in each row; `etab` is a rate that biases have of their own."""
WEIGHTS = tuple(f"w{n}" for n in range(1, 9))
UNITS = ("h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2")
QUANTITIES = (*UNITS, "e1", "e2", "et", *(f"d_et_{w}" for w in WEIGHTS))
"""What every sheet computes, in the order in which it does."""

ERROR = r"(?:e|err|error|fehler|erreur|errore|loss|cost|costo|j|l|verlust|perte|perdida|mse|sse)"
TOTAL = r"(?:t|tot|total|totale|totales|gesamt|ges|sum|summe|somme|overall|all)"
SUM = (
    r"(?:net|neta|nette|nett|netto|in|z|zin|sum|summe|somme|suma|s|input|netinput|pre|raw|"
    r"weightedsum|total)"
)
OUT = (
    r"(?:a|act|activation|activated|aktivierung|out|output|sigma|sigmoid|sig|f|y|phi|ausgabe|"
    r"sortie|salida|aus)"
)
HIDDEN = r"(?:h|hid|hidden|hiddenunit|hiddenneuron|verdeckt|cache|cachee|oculta)"
OUTER = r"(?:o|0|outputunit|outputneuron)"
RATE = (
    r"(?:eta|lr|learningrate|learnrate|lernrate|lernratee|alpha|stepsize|rate|n|schrittweite|taux|"
    r"tauxdapprentissage|tauxapprentissage|pas|tasa|tasadeaprendizaje|tassodiapprendimento)"
)

WEIGHT = r"(?:w|wt|wgt|weights?|gewichte?|poids|pesos?|theta)"
OLD = r"(?:old|alt|alte|alter|initial|init|current|t)"
NEW = r"(?:new|neu|neues?|updated?|upd|next|nouveau|nuevo|final|end)"
AFTER = r"(?:t\+1|\+|\+1|star|prime)"
INPUT = r"(?:i|x|in|inp|inputs?|eingabe|eingang|entree|entrada|ingresso)"
TARGET = (
    r"(?:t|tgt|targets?|ziele?|zielwert|soll|sollwert|cibles?|objetivo|desired|expected|label|goal)"
)
OUTPUT = r"(?:out|outputs?|ausgabe|sortie|salida|yhat|pred|prediction|predicted|actual)"
GRADIENT = r"(?:gradients?|grad|g|gw|nabla|derivative|ableitung|derivee|derivada|slope)"
CHANGE = r"(?:d|change|changein|update|correction|dw)"
BIAS = r"(?:b|bias|biais|schwelle|theta0)"
SIGNAL = r"(?:d|errorsignal|signal)"
STEP = (
    r"(?:#|n|nr|no|k|t|steps?|stepno|iterations?|iter|it|epochs?|epoche|schritte?|etape|paso|"
    r"number|count|round|cycle|runde|durchlauf)"
)

GLOSSARY: tuple[tuple[str, str], ...] = (
    (rf"{WEIGHT}{OLD}?0?([1-8]){OLD}?|{OLD}{WEIGHT}([1-8])", "w{}"),
    (rf"{NEW}{WEIGHT}([1-8])|{WEIGHT}([1-8])(?:{NEW}|{AFTER})|{WEIGHT}{NEW}([1-8])", "n{}"),
    (rf"{INPUT}0?([12])", "i{}"),
    (rf"{TARGET}(?:o|out)?0?([12])", "t{}"),
    (r"h([12])", "h{} ah{}"),
    (rf"{SUM}?{HIDDEN}([12]){SUM}?|{HIDDEN}{SUM}([12])", "h{}"),
    (r"z([12])", "h{} o{}"),
    (rf"(?:{OUT}|o){HIDDEN}([12])|{HIDDEN}([12])(?:{OUT}|o)|{HIDDEN}{OUT}([12])", "ah{}"),
    (r"a([12])", "ah{} ao{}"),
    (r"o([12])", "o{} ao{}"),
    (rf"{SUM}?{OUTER}([12]){SUM}?|{SUM}{OUT}([12])|{OUTER}{SUM}([12])", "o{}"),
    (rf"{OUT}{OUTER}([12])|{OUTER}([12]){OUT}|{OUTER}{OUT}([12])|{OUTPUT}([12])", "ao{}"),
    (r"y([12])", "ao{} t{}"),
    (rf"(?:half|sq|squared)?{ERROR}(?:o|out|output|for|von|de)?(?:o|out)?([12])", "e{}"),
    (rf"{OUTER}([12]){ERROR}", "e{}"),
    (rf"{ERROR}{TOTAL}|{TOTAL}{ERROR}|{ERROR}(?:e|err|error)?|{TOTAL}of{ERROR}s?|e1\+e2", "et"),
    (STEP, "step"),
    (rf"(?:the|our)?{RATE}(?:eta|alpha|lr|n|theta)?", "eta"),
    (rf"{RATE}_?(?:b|bias|biases)", "etab"),
    (rf"{GRADIENT}(?:{ERROR})?(?:of|von|de)?{WEIGHT}?([1-8])", "d_et_w{}"),
    (rf"{WEIGHT}([1-8])(?:grad|gradient|derivative)", "d_et_w{}"),
    (rf"d?{ERROR}{TOTAL}?d?w([1-8])", "d_et_w{}"),
    (rf"{CHANGE}(?:w|weight|of)?(?:w)?([1-8])", "d_et_w{} c{} k{}"),
    (rf"{SIGNAL}(?:net|z|in)?{OUTER}([12])", "d_et_o{} m_o{}"),
    (rf"{SIGNAL}(?:net|z|in)?{HIDDEN}([12])", "d_et_h{} m_h{}"),
    (rf"d{OUT}{OUTER}([12])", "d_et_ao{} m_ao{}"),
    (rf"d{OUT}{HIDDEN}([12])", "d_et_ah{} m_ah{}"),
    (rf"{BIAS}{HIDDEN}([12])", "bh{}"),
    (rf"{BIAS}{OUTER}([12])", "bo{}"),
    (rf"{BIAS}{HIDDEN}", "b1"),
    (rf"{BIAS}{OUTER}", "b2"),
    (rf"{BIAS}([12])", "b{}"),
    (rf"{BIAS}3", "bo1"),
    (rf"{BIAS}4", "bo2"),
    (rf"d?{ERROR}{TOTAL}?d?b([12])|(?:grad|d)b([12])", "d_et_b{}"),
    (r"w(?:9|1\d)|h(?:3|4)|ah(?:3|4)|i[3-9]|ao[3-9]", "other"),
)
"""What a heading may look like, without blanks, dots and brackets, and the roles it may have."""

GREEK = {
    "η": "eta", "ƞ": "eta", "ɳ": "eta", "ⴄ": "eta", "α": "alpha", "θ": "theta",
    "σ": "sigma", "ς": "sigma", "φ": "phi", "∇": "nabla",
    "∂": "d", "δ": "d", "½": "half", "′": "'", "’": "'", "̂": "hat",
}  # fmt: skip
LONGEST, LONGEST_NAME = 500, 60
"""How much of a heading is read, and how long the part before its formula may be."""
DENOMINATORS = {"w", "h", "ah", "o", "ao", "i", "b", "bh", "bo"}
WEIGHTLIKE = re.compile(r"(?=.*(?:w|poids|peso|theta|θ)).*[1-8]", re.DOTALL)


def weightlike(text: str) -> bool:
    """Whether a text may name a weight at all: a quick no for most of a long list's texts."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return WEIGHTLIKE.match(plain.lower()) is not None


def normal(text: str) -> str:
    """Return a heading in small plain letters, Greek as words, accents and subscripts gone."""
    text = text.replace("Σ", "sum").replace("∑", "sum").replace("Δ", "δ")
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).lower()
    text = "".join(GREEK.get(c, "" if unicodedata.combining(c) else c) for c in text)
    text = re.sub(r"\\?partial\b|\bdelta(?=[ _\d{]|$)|\\delta", "d", text)
    before = re.split(r"[=:≔]", text)[0].strip()
    return re.sub(r"\\(?=[a-z])|\$", "", before or text.strip("=: "))


def compact(text: str) -> str:
    """Return normal text without blanks, brackets and the like."""
    return re.sub(r"[\s_{}()\[\]^.,*\\\"`~|−-]", "", text)


@lru_cache(maxsize=20_000)
def roles_of(heading: str) -> tuple[str, ...]:
    """Return the roles that a heading or label may have, the likeliest first; perhaps none."""
    text = normal(heading[:LONGEST])
    if len(text) > LONGEST_NAME or re.search(r"\d[.,]\d", text):
        return ()
    short = re.sub(r"\s\([^)]*\)$", "", text)
    text = re.sub(r"\s+w?r\.?t\.?\s+", "/d", short)
    if text.count("/") == 1 and (found := _derivative(*text.split("/"))):
        return found
    return _plain(re.sub(r"(?<=\d)'$", "prime", compact(text)).replace("'", ""))


def _plain(text: str) -> tuple[str, ...]:
    for pattern, roles in GLOSSARY:
        if match := re.fullmatch(pattern, text):
            number = match[match.lastindex] if match.lastindex else ""
            return tuple(roles.replace("{}", number).split())
    return ()


def _derivative(upper: str, lower: str) -> tuple[str, ...]:
    """The roles of "dE1/dA_H1", without or with the d's."""
    above, below = compact(upper), compact(lower)
    if not above.startswith("d"):
        return ()
    of, by = (_plain(text.removeprefix("d")) for text in (above, below))
    by = tuple(role for role in by if role.rstrip("12345678") in DENOMINATORS)
    if not of or not by or of[0] in CONSTANTS:
        return ()
    of = tuple("et" if role == "step" else role for role in of)
    return tuple(f"d_{x}_{y}" for x in of for y in by)


@lru_cache(maxsize=20_000)
def under(group: str, heading: str) -> tuple[str, ...]:
    """Return the roles of a heading beneath that of a group, such as "w1" under "Gradients"."""
    own = roles_of(heading)
    if set(roles_of(group)) & {*CONSTANTS, *WEIGHTS} or "=" in group:
        return own  # a label that stands above by chance
    text = compact(normal(group))
    if own and own[0] in WEIGHTS:
        if re.search(r"grad|deriv|ableit|^d[a-z]*/|backprop$", text):
            return (f"d_et_{own[0]}",)
        if re.search(r"new|neu|updated|next|nouveau|nuevo|final", text):
            return (f"n{own[0][1]}",)
        if re.search(r"change|^dw", text):
            return (f"c{own[0][1]}", f"k{own[0][1]}")
    if own or not re.fullmatch(r"\W*\d\W*", heading):
        return own
    return roles_of(f"{group}{heading}") or roles_of(f"{group.rstrip('sS')}{heading}")
