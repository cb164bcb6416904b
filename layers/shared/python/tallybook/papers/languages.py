"""Which words a locale has. Another language is another table, and its line here."""

from tallybook.papers.english import AMERICAN, BRITISH
from tallybook.papers.german import GERMAN
from tallybook.papers.words import Words

_BY_LANGUAGE = {"en": BRITISH, "en-US": AMERICAN, "de": GERMAN}


def words_of(locale: str) -> Words:
    """Those of the locale, else of its language, else English ones."""
    language = locale.partition("-")[0]
    return _BY_LANGUAGE.get(locale) or _BY_LANGUAGE.get(language) or BRITISH
