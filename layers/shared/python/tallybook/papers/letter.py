"""What every paper has: letterhead, address, facts, footer. Texts come out as they are drawn."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal

from tallybook.countries import NAMES
from tallybook.invoices.kinds import Account, Party
from tallybook.mail.colours import readable
from tallybook.papers import fonts
from tallybook.papers.formats import formats_of
from tallybook.papers.kinds import Look
from tallybook.papers.languages import words_of
from tallybook.papers.typeset import Sheet
from tallybook.papers.words import Words

type Facts = Iterable[tuple[str, str | None]]
type Column = Literal["wide", "text", "figure"]
"""What takes the room that is left, a short text, and what stands right."""


def sheet(
    look: Look,
    *,
    title: str,
    issued: date,
    seller: Party,
    buyer: Party,
    account: Account,
    facts: Facts,
    **body: Any,
) -> Sheet:
    """The values of a paper; `facts` without a value are left out."""
    words = words_of(look.locale)
    found = {
        "title": title,
        "seller": seller.name or "",
        "sender": " · ".join(filter(None, (seller.name, *_town(seller, abroad=False)))),
        "recipient": address(buyer, abroad=buyer.country != seller.country),
        "facts": [[label, value] for label, value in facts if value],
        "footer": footer(seller, account, words),
        "footnote": _footnote(look.footer),
        "page_of": words.page,
        **body,
    }
    columns = (_lines(column, width=34) for column in found["footer"])
    region = fonts.region_of(buyer.country, str(found))
    drawn: Sheet = _settable(found)
    return drawn | {
        "issued": issued.isoformat(),
        "foot_lines": max(columns, default=0) + _lines(found["footnote"], width=110),
        "paper": "us-letter" if look.paper == "letter" else "a4",
        "language": words.language,
        "accent": readable(look.colour, on="#ffffff", towards="#000000"),
        "fonts": fonts.families(region),
    }


def address(party: Party, *, abroad: bool) -> list[str]:
    """As on an envelope. The country is named only where the letter leaves the seller's."""
    who = [party.name, party.person if party.name else None]
    return [line for line in (*who, *_town(party, abroad=abroad)) if line] or [party.person or "–"]


def _town(party: Party, *, abroad: bool) -> list[str]:
    country = NAMES.get(party.country or "") if abroad else None
    town: list[str | None]
    if party.country in ("US", "CA", "AU"):
        comma = "," if party.city and party.country != "AU" else ""
        region = (f"{party.city or ''}{comma}", party.state, party.postal_code)
        town = [" ".join(filter(None, region))]
    elif party.country in ("GB", "IE"):
        town = [party.city, party.state, party.postal_code]
    else:
        town = [" ".join(filter(None, (party.postal_code, party.city))), party.state]
    return [line for line in (party.street1, party.street2, *town, country) if line]


def _footnote(text: str | None) -> list[str]:
    """At most four lines, so that there is room for the paper itself."""
    found = [line for line in map(str.strip, (text or "").splitlines()) if line]
    return [*found[:3], " · ".join(found[3:])] if len(found) > 4 else found


def _lines(texts: Iterable[str], *, width: int) -> int:
    """How many lines they come to, about, where so many Latin letters fit on one."""
    lengths = (len(text) + sum(each > "\u1100" for each in text) for text in texts)
    return sum(max(1, -(-length // width)) for length in lengths)


def footer(seller: Party, account: Account, words: Words) -> list[list[str]]:
    """Columns: who, how to reach them, what the law wants to be told, where they bank."""
    columns: list[list[str | None]] = [
        [seller.name, *_town(seller, abroad=True)],
        [seller.person, seller.telephone, seller.email],
        [
            _told(words.vat_id, seller.vat_id),
            _told(words.tax_number, seller.tax_number),
            seller.registration,
        ],
        [
            account.bank,
            _told("IBAN", account.iban and in_fours(account.iban)),
            _told("BIC", account.bic),
        ],
    ]
    filled = [[line for line in column if line] for column in columns]
    return [column for column in filled if column]


def _told(label: str, value: str | None) -> str | None:
    return f"{label} {value}" if value else None


def in_fours(iban: str) -> str:
    """ISO 13616: on paper, an IBAN is in groups of four."""
    whole = "".join(iban.split())
    return " ".join(whole[place : place + 4] for place in range(0, len(whole), 4)).upper()


def table(
    words: Words,
    columns: Sequence[tuple[Column, str]],
    rows: Iterable[Sequence[str]],
    carried: Iterable[str],
) -> dict[str, Any]:
    """`carried` is the sum after each row: what a page that ends with it carries forward."""
    return {
        "kinds": [kind for kind, _ in columns],
        "headings": [heading for _, heading in columns],
        "rows": [
            {"cells": list(cells), "carried": amount}
            for cells, amount in zip(rows, carried, strict=True)
        ],
        "forward": words.carried_forward,
        "brought": words.brought_forward,
    }


def days(look: Look, period: tuple[date, date] | None) -> str | None:
    if period is None:
        return None
    formats = formats_of(look.locale)
    return f"{formats.date(period[0])} – {formats.date(period[1])}"


def _settable(value: Any) -> Any:
    if isinstance(value, str):
        return fonts.settable(value)
    if isinstance(value, dict):
        return {
            name: part if name in ("qr", "link") else _settable(part)
            for name, part in value.items()
        }
    return [_settable(part) for part in value] if isinstance(value, list | tuple) else value
