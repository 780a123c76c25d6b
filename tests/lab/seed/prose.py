"""Fast generation of text that compresses like prose: words drawn by Zipf's law from tables of 65,536 slots."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import vocabulary

SLOTS = 1 << 16
# Tuned together, on whole dumps: zstd -1 and gzip bring them to about a third, as they do with real ones.
COMMON_SHARE = 0.4
PAIR_SHARE = 0.15
KOREAN_SHARE = 0.15
# A Korean word has about as many characters, and twice as many bytes.
KOREAN_WORDS = 0.55

CODE_JOINTS = ("_", "_", ".", ".", "(", ", ", ")\n    ", " = ", "()\n    ", ":\n        ", " + ", "\n\n", "[", "]\n    ")


class Table:
    """Slots that two random bytes pick one of: twenty times faster than a weighted choice of every word."""

    def __init__(self, slots: Iterable[str]) -> None:
        self._slots = [slot.encode() for slot in slots]
        assert len(self._slots) == SLOTS

    def draw(self, rng: random.Random, count: int) -> bytes:
        picks = memoryview(rng.randbytes(2 * count)).cast("H")
        return b"".join(map(self._slots.__getitem__, picks))


class Writer:
    """Text as people write it: mostly English, some Korean."""

    def __init__(self) -> None:
        english, korean = english_slots(random.Random("english")), korean_slots(random.Random("korean"))
        self._plain = Table(english), Table(korean)
        self._copy = tuple(Table(slot.replace("\n", "\\n") for slot in slots) for slots in (english, korean))
        self._titles = tuple(map(Table, title_slots(random.Random("titles"))))
        self._code = Table(code_slots(random.Random("code")))

    def plain(self, rng: random.Random, words: int) -> bytes:
        return self._text(self._plain, rng, words)

    def copy(self, rng: random.Random, words: int) -> bytes:
        """As plain, escaped for COPY."""
        return self._text(self._copy, rng, words)

    def title(self, rng: random.Random) -> bytes:
        title = self._titles[rng.random() < KOREAN_SHARE].draw(rng, rng.randrange(3, 9)).rstrip()
        return title[:1].upper() + title[1:]

    def code(self, rng: random.Random, words: int) -> bytes:
        return self._code.draw(rng, words) + b"\n"

    @staticmethod
    def _text(tables: Sequence[Table], rng: random.Random, words: int) -> bytes:
        if rng.random() < KOREAN_SHARE:
            text = tables[1].draw(rng, 1 + int(words * KOREAN_WORDS))
        else:
            text = tables[0].draw(rng, words)
        text = text[:1].upper() + text[1:].rstrip(b" ,.")
        return text + b"."


@dataclass(frozen=True)
class Zipf:
    """A word of rank r comes with a weight of 1 / (r + shift) ** exponent."""

    exponent: float
    shift: float

    def draw(self, words: Sequence[str], rng: random.Random) -> list[str]:
        weights = (1 / (rank + self.shift) ** self.exponent for rank in range(1, len(words) + 1))
        return rng.choices(words, cum_weights=list(itertools.accumulate(weights)), k=SLOTS)


FUNCTION_WORDS = Zipf(exponent=0.8, shift=2)
CONTENT_WORDS = Zipf(exponent=1.2, shift=3)
OTHER_WORDS = Zipf(exponent=1.05, shift=0.5)


def shuffled(words: Sequence[str], rng: random.Random) -> list[str]:
    return rng.sample(words, len(words))


def english_slots(rng: random.Random) -> list[str]:
    content = shuffled(vocabulary.english_content(), rng)
    pairs = OTHER_WORDS.draw(vocabulary.english_pairs(), rng)
    words, following = _english_words(content, rng), _english_words(content, rng)
    return [
        f"{pair} " if rng.random() < PAIR_SHARE else _punctuated(word, after, rng.random())
        for pair, word, after in zip(pairs, words, following)
    ]


def _english_words(content: Sequence[str], rng: random.Random) -> list[str]:
    function_words = FUNCTION_WORDS.draw(vocabulary.english_common(), rng)
    return [
        either if rng.random() < COMMON_SHARE else other
        for either, other in zip(function_words, CONTENT_WORDS.draw(content, rng))
    ]


def _punctuated(word: str, following: str, chance: float) -> str:
    if chance < 0.07:
        return f"{word}, "
    if chance < 0.14:
        return f"{word}. {following.capitalize()} "
    if chance < 0.148:
        return f"{word}.\n\n{following.capitalize()} "
    return f"{word} "


def korean_slots(rng: random.Random) -> list[str]:
    nouns = OTHER_WORDS.draw(shuffled(vocabulary.korean_nouns(), rng), rng)
    terms = OTHER_WORDS.draw(shuffled(vocabulary.sections()["noun"], rng), rng)
    predicates = OTHER_WORDS.draw(shuffled(vocabulary.korean_predicates(), rng), rng)
    shapes = rng.choices(("{0} ", "{1} ", "{2}. ", "{2}.\n\n{0} "), weights=(74, 12, 13, 1), k=SLOTS)
    return [shape.format(*words) for shape, *words in zip(shapes, nouns, terms, predicates)]


def title_slots(rng: random.Random) -> tuple[list[str], list[str]]:
    english = OTHER_WORDS.draw(shuffled(vocabulary.english_content(), rng), rng)
    korean = OTHER_WORDS.draw(shuffled(vocabulary.korean_nouns(), rng), rng)
    return [f"{word} " for word in english], [f"{word} " for word in korean]


def code_slots(rng: random.Random) -> list[str]:
    words = OTHER_WORDS.draw(shuffled(vocabulary.english_content(), rng), rng)
    return [word + joint for word, joint in zip(words, rng.choices(CODE_JOINTS, k=SLOTS))]
