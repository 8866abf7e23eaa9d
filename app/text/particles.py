"""Korean particles that fit their noun: 은(는), 이(가), 을(를), 와(과) and (으)로 after a value that was filled in.

A catalogue writes both forms, as Korean does where the noun is not known: ``{run}은(는) 끝났습니다``. Which one stands
depends on whether the last syllable read aloud ends in a consonant (받침). Hangul says so itself; a digit and a capital
are read by their names; of a foreign word's last letters this is the usual loan spelling (ResNet: 넷, batch: 배치).
"""

import re

PAIRS = {  # as a catalogue writes them: after a consonant, after a vowel
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "와(과)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
BOTH = re.compile("|".join(map(re.escape, PAIRS)))
ASIDE = re.compile(r"(?<=\S)\s*\([^()]*\)$")  # what stands in parentheses is not read: ``A (ResNet-56)는``
READ = re.compile(r"[A-Za-z]+$|[0-9가-힣%]$")
FIRST, FINALS, RIEUL = ord("가"), 28, 8  # U+AC00: 28 finals for each initial and vowel, the eighth is ㄹ

CONSONANT, LIQUID, OPEN = "consonant", "ㄹ", "open"
DIGITS = {"0": CONSONANT, "1": LIQUID, "3": CONSONANT, "6": CONSONANT, "7": LIQUID, "8": LIQUID}  # 영 일 삼 육 칠 팔
CAPITALS = {"L": LIQUID, "M": CONSONANT, "N": CONSONANT, "R": LIQUID}  # 엘 엠 엔 알; the other names end open
LETTERS = ((re.compile(r"(l|le)$"), LIQUID), (re.compile(r"([mn]e?|ng|(?<![aeiou])[aeiou](c?k|[pt]))$"), CONSONANT))


def fitted(text: str) -> str:
    """The text with each pair of particles reduced to the one that fits what stands before it."""
    parts: list[str] = []
    at = 0
    for match in BOTH.finditer(text):
        parts += [text[at : match.start()], _chosen(match[0], "".join([*parts, text[at : match.start()]]))]
        at = match.end()
    return "".join([*parts, text[at:]])


def _chosen(pair: str, before: str) -> str:
    ending = _ending(before)
    after_consonant, after_vowel = PAIRS[pair]
    if ending == "":
        return pair  # nothing that can be read: both stay, as Korean writes it
    closed = ending == CONSONANT or (ending == LIQUID and pair != "(으)로")  # 서울로, not 서울으로
    return after_consonant if closed else after_vowel


def _ending(before: str) -> str:
    """How the last syllable of a text ends when it is read; "" where its last sign is not read."""
    noun = ASIDE.sub("", before.rstrip("`*_'\"”’»\u2069")).rstrip(" `*_'\"”’»])")
    found = READ.search(noun)
    if found is None:
        return ""
    word = found[0]
    if "가" <= word <= "힣":
        final = (ord(word) - FIRST) % FINALS
        return LIQUID if final == RIEUL else CONSONANT if final else OPEN
    if word.isdigit():
        return DIGITS.get(word, OPEN)
    if word.isupper():
        return CAPITALS.get(word[-1], OPEN)
    return next((ending for letters, ending in LETTERS if letters.search(word.lower())), OPEN)
