"""The clients of a believable firm: always the same ones, from many countries."""

import random
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

from local.countries import COUNTRIES, Country

type Json = dict[str, Any]

TAGS = ("vip", "retainer", "seasonal", "referral", "paper invoices", "Großkunde", "new", "export")
JOB_TITLES = ("Accounts payable", "Managing director", "Office manager", "Buchhaltung",
              "Purchasing", "Directrice", "Site manager", "経理")  # fmt: skip
MAILBOXES = ("accounts", "office", "hello", "billing", "info")
FLAG_REASONS = ("Disputes an invoice", "Call before shipping", "Credit limit reached")
NOTES = (
    "Prefers to be called in the morning.",
    "Asked for a discount from 100 pieces on.\n\nAgreed on 3 % for this year.",
    "New bookkeeper from next month.",
)
CALLS = (
    {"direction": "inbound", "outcome": "answered", "body": "Asked when the next invoice comes."},
    {"direction": "outbound", "outcome": "no answer"},
)
MAIL = {
    "subject": "Your samples are on their way",
    "body": "Good morning,\n\nthe samples left our house today and should be with you on Thursday."
    "\n\nKind regards",
}
TIME_ZONE = "Europe/Berlin"
SETTINGS = {
    "name": "Sturm & Partner",
    "email": "office@firm.example",
    "telephone": "+49 221 123456",
    "address": {"street1": "Ring 1", "postal_code": "50667", "city": "Köln", "country": "DE"},
    "time_zone": TIME_ZONE,
}
SUSPENSION_REASONS = ("Has not paid for three months", "Asked to pause until spring")


@dataclass
class SeedClient:
    """A client as the API is asked for it, and what is done to it after that."""

    request: Json
    contacts: list[Json] = field(default_factory=list)
    flag: str | None = None
    favourite: bool = False
    suspension: str | None = None
    has_specialist: bool = False


def today(at: datetime | None = None) -> date:
    """What day it is where the firm is, now or at that moment."""
    zone = ZoneInfo(TIME_ZONE)
    return at.astimezone(zone).date() if at else datetime.now(zone).date()


def clients(count: int = 200, seed: int = 2026) -> list[SeedClient]:
    chance = random.Random(seed)  # noqa: S311 (the same clients every time)
    countries = chance.choices(COUNTRIES, weights=[c.weight for c in COUNTRIES], k=count)
    used_domains: set[str] = set()
    return [_client(chance, country, used_domains) for country in countries]


def _client(chance: random.Random, country: Country, used_domains: set[str]) -> SeedClient:
    name, plain_name = chance.choice(country.names)
    trade, plain_trade = chance.choice(country.trades)
    domain = _unused(f"{plain_name}-{plain_trade}", used_domains)
    number = domain.rpartition("-")[2]
    business = chance.choice(country.business).format(name, trade)
    person = _person(chance, country)
    emails = [f"{chance.choice(MAILBOXES)}@{domain}.example.com"]
    if chance.random() < 0.2:
        emails.append(f"finance@{domain}.example.org")
    client = SeedClient(
        {
            # Firms that would be called the same have opened branches.
            "business_name": f"{business} ({number})" if number.isdecimal() else business,
            "first_name": person[0],
            "last_name": person[1],
            "emails": emails,
            "telephone": telephone(chance, country.code),
            "billing_address": _address(chance, country),
            "currency": country.currency,
            "tags": sorted(chance.sample(TAGS, chance.choice((0, 0, 1, 1, 2, 3)))),
            "invoicing_method": "print" if chance.random() < 0.1 else "email",
        }
    )
    if chance.random() < 0.25:
        client.request["shipping_address"] = _address(chance, country)
    for position in range(chance.choice((0, 1, 1, 1, 2, 3))):
        client.contacts.append(_contact(chance, country, domain, position))
    client.flag = chance.choice(FLAG_REASONS) if chance.random() < 0.12 else None
    client.favourite = chance.random() < 0.1
    client.suspension = chance.choice(SUSPENSION_REASONS) if chance.random() < 0.04 else None
    client.has_specialist = chance.random() < 0.3
    return client


def _contact(chance: random.Random, country: Country, domain: str, position: int) -> Json:
    first_name, last_name = _person(chance, country)
    return {
        "first_name": first_name,
        "last_name": last_name,
        "emails": [f"{_mailbox(first_name, last_name, position)}@{domain}.example.com"],
        "telephone": telephone(chance, country.code),
        "job_title": chance.choice(JOB_TITLES),
        "primary": position == 0,
        "billing": position == 1,
    }


def _mailbox(first_name: str, last_name: str, position: int) -> str:
    """first.last without accents; in another script than Latin the position has to do."""
    plain = unicodedata.normalize("NFKD", f"{first_name}.{last_name}".lower())
    letters = re.sub(r"[^a-z.]", "", plain)
    return letters if re.fullmatch(r"[a-z]+\.[a-z]+", letters) else f"contact{position + 1}"


def _person(chance: random.Random, country: Country) -> tuple[str, str]:
    return chance.choice(country.first_names), chance.choice(country.last_names)


def _address(chance: random.Random, country: Country) -> Json:
    city, state, postal_code = chance.choice(country.cities)
    return {
        "street1": chance.choice(country.streets).format(chance.randint(1, 180)),
        "city": city,
        "state": state,
        "postal_code": "".join(
            str(chance.randint(0, 9)) if character == "#" else character
            for character in postal_code
        ),
        "country": country.code,
    }


def telephone(chance: random.Random, country_code: str) -> str:
    """A number that is valid in the country, written as one writes it there or abroad."""
    example = phonenumbers.example_number(country_code)
    if example is None:
        raise ValueError(country_code)
    stem = str(example.national_number)[:-4]
    while True:
        candidate = phonenumbers.PhoneNumber(
            country_code=example.country_code,
            national_number=int(f"{stem}{chance.randint(0, 9999):04}"),
            italian_leading_zero=example.italian_leading_zero,
        )
        if phonenumbers.is_valid_number(candidate):
            form = chance.choice(
                (
                    phonenumbers.PhoneNumberFormat.NATIONAL,
                    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
                )
            )
            return phonenumbers.format_number(candidate, form)


def _unused(name: str, used: set[str]) -> str:
    number = 1
    candidate = name
    while candidate in used:
        number += 1
        candidate = f"{name}-{number}"
    used.add(candidate)
    return candidate
