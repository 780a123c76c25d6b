"""The words: stems of words.txt, inflected by rule into some six thousand English and Korean ones."""

from __future__ import annotations

from pathlib import Path

WORDS_FILE = Path(__file__).parent / "words.txt"

IRREGULAR = {
    "build": "built",
    "override": "overrode",
    "overlap": "overlapped",
    "rebuild": "rebuilt",
    "split": "split",
    "undergo": "underwent",
    "understand": "understood",
}
STRESSED_AT_THE_END = {"admit", "commit", "equip", "infer", "occur", "permit", "prefer", "refer", "submit", "transfer"}
KOREAN_PARTICLES = (("", ""), ("은", "는"), ("이", "가"), ("을", "를"), ("에", "에"), ("의", "의"), ("으로", "로"))
KOREAN_ENDINGS = (
    ("했습니다", "했습니다"),
    ("해 주세요", "해 주세요"),
    ("하겠습니다", "하겠습니다"),
    ("할 예정입니다", "할 예정입니다"),
    ("되었습니다", "되었습니다"),
    ("이 필요합니다", "가 필요합니다"),
)
RIEUL = 8


def sections() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in WORDS_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words = found.setdefault(line.strip("[]"), [])
        else:
            words.extend(line.split())
    return found


def english_common() -> list[str]:
    return sections()["common"]


def english_pairs() -> list[str]:
    """Frequent pairs of English words; words drawn only one by one would compress less than prose."""
    return [pair.replace("_", " ") for pair in sections()["pair"]]


def english_content() -> list[str]:
    stems = sections()
    words = list(stems["adjective"])
    words += [adverb(word) for word in stems["adjective"] if not word.endswith("ly")]
    for noun in stems["noun"]:
        words += [noun, with_s(noun)]
    for verb in stems["verb"]:
        words += [verb, with_s(verb), past(verb), gerund(verb)]
    return list(dict.fromkeys(words))


def korean_nouns() -> list[str]:
    return [noun + particle(noun, *pair) for noun in sections()["korean"] for pair in KOREAN_PARTICLES]


def korean_predicates() -> list[str]:
    return [verb + particle(verb, *pair) for verb in sections()["korean-verb"] for pair in KOREAN_ENDINGS]


def particle(noun: str, after_consonant: str, after_vowel: str) -> str:
    final_consonant = (ord(noun[-1]) - ord("가")) % 28
    if final_consonant == RIEUL and after_vowel == "로":
        return after_vowel
    return after_consonant if final_consonant else after_vowel


def with_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word[:-1] + "ies" if _consonant_y(word) else word + "s"


def past(verb: str) -> str:
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if _consonant_y(verb):
        return verb[:-1] + "ied"
    return verb + "d" if verb.endswith("e") else _doubled(verb) + "ed"


def gerund(verb: str) -> str:
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return _doubled(verb) + "ing"


def adverb(adjective: str) -> str:
    if adjective.endswith("ic"):
        return adjective + "ally"
    if adjective.endswith("le"):
        return adjective[:-1] + "y"
    return adjective[:-1] + "ily" if _consonant_y(adjective) else adjective + "ly"


def _consonant_y(word: str) -> bool:
    return len(word) > 2 and word.endswith("y") and word[-2] not in "aeiou"


def _doubled(verb: str) -> str:
    vowels = [letter in "aeiou" for letter in verb]
    short = sum(vowels) == 1 and vowels[-2] and verb[-1] not in "wxy"
    return verb + verb[-1] if short or verb in STRESSED_AT_THE_END else verb
