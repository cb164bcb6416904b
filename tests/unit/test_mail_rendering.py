"""What templates may say, and what mails look like whatever clients are called."""

import re
import time
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.mail import builtin, colours, rendering
from tallybook.mail.checking import check
from tallybook.mail.rendering import Source, Unrenderable, render
from tallybook.mail.variables import bare, sample, variables, without

BUILTIN = pytest.mark.parametrize("name", builtin.NAMES)


def source(text: str = "{{ message }}", *, kind: str = "message", **parts: Any) -> Source:
    return Source("own", parts.pop("subject", "Hello"), text, based_on=kind, **parts)


def rendered(text: str, context: dict[str, Any] | None = None, **parts: Any) -> str:
    kind = parts.get("kind", "message")
    made = render(source(text, **parts), sample(kind) if context is None else context, pixel=None)
    return made.text.partition("\n\n-- \n")[0]


def refused(text: str, **parts: Any) -> Unrenderable:
    with pytest.raises(Unrenderable) as caught:
        render(source(text, **parts), sample("message"), pixel=None)
    return caught.value


class Words(HTMLParser):
    """The text of HTML, and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self._hidden = "", False
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self._hidden = tag in ("style", "title")
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text += data


# ---- The built-in set --------------------------------------------------------------------


@BUILTIN
def test_a_built_in_template_passes_what_the_firms_own_have_to_pass(name: str):
    check(builtin.source(name))


@BUILTIN
def test_a_built_in_template_says_nothing_of_what_is_not_known(name: str):
    least = bare(name)
    for context in (least, *(without(name, v.name) for v in variables(name) if v.optional)):
        mail = render(builtin.source(name), context, pixel=None)
        for part in (mail.subject, mail.text, mail.html):
            assert "None" not in part
            assert "{{" not in part
            assert "{%" not in part
        assert "\n\n\n" not in mail.text


@BUILTIN
def test_the_text_of_a_built_in_template_is_complete_on_its_own(name: str):
    """Every value and every page that the HTML shows stands in the text as well."""
    mail = render(builtin.source(name), sample(name), pixel=None)
    html = Words(mail.html)
    for variable in variables(name):
        value = str(variable.sample)
        if value in html.text and not isinstance(variable.sample, int):
            assert value in mail.text, variable.name
    for link in html.links:
        assert link.removeprefix("mailto:") in mail.text
    assert "Ring 1\n50667 Köln\n" in mail.text


def test_an_invitation_has_the_password_alone_on_a_line_or_none():
    mail = render(builtin.source("portal_invitation"), sample("portal_invitation"), pixel=None)
    assert "Xk7-rV2q-tM9w" in mail.text.splitlines()
    assert "Xk7-rV2q-tM9w" not in mail.subject
    assert "Xk7-rV2q-tM9w" not in rendering.preheader(mail.text)
    known = render(builtin.source("portal_invitation"), bare("portal_invitation"), pixel=None)
    assert "Sign in with the password that you already use" in known.text
    assert "temporary" not in known.text + known.html


def test_reminders_become_firmer():
    texts = [
        render(builtin.source(f"reminder_{grade}"), sample(f"reminder_{grade}"), pixel=None).text
        for grade in ("friendly", "firm", "final")
    ]
    assert "slipped through" in texts[0]
    assert "Please pay the amount due now" in texts[1]
    assert "last reminder" in texts[2]
    assert all("EUR\N{NO-BREAK SPACE}1,250.00" in text for text in texts)


@pytest.mark.parametrize("number", [1, 2])
def test_nobody_is_told_that_a_payment_is_missing_before_it_is_due(number: int):
    invoice = sample("reminder_friendly")["invoice"] | {"days_overdue": None}
    context = sample("reminder_friendly") | {"invoice": invoice, "invoices": [invoice] * number}
    mail = render(builtin.source("reminder_friendly"), context, pixel=None)
    for said in (mail.text, mail.html):
        assert "not yet received" not in said
        assert ("falls due on" if number == 1 else "fall due on the days") in said


# ---- The frame ---------------------------------------------------------------------------


def test_the_frame_shows_the_firm_and_nothing_that_is_loaded_but_its_logo():
    html = render(builtin.source("invoice"), sample("invoice"), pixel=None).html
    assert '<html lang="en"' in html
    (logo,) = re.findall(r"<img[^>]+>", html)
    assert 'alt="Sturm &amp; Partner"' in logo
    assert 'width="200"' in logo
    assert "prefers-color-scheme" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert re.findall(r'src="([^"]+)"', html) == ["https://sturm.example/logo.png"]
    assert "max-width:600px" in html
    assert "@import" not in html
    assert "url(" not in html


def test_a_long_address_of_a_logo_is_kept_whole():
    context = sample("message")
    context["firm"]["logo_url"] = "https://sturm.example/" + "a" * 470
    html = render(builtin.source("message"), context, pixel=None).html
    assert f'src="{context["firm"]["logo_url"]}"' in html


def test_styles_are_inlined_and_those_of_the_screen_stay():
    html = render(builtin.source("invoice"), sample("invoice"), pixel=None).html
    (cell,) = re.findall(r'<td class="button-cell"[^>]*>', html)
    assert "background-color:#1a6f5c" in cell
    assert "mso-padding-alt" in cell
    style = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert ".card-cell p{margin" not in style.replace(" ", "")


def test_a_pixel_is_there_when_it_is_given():
    without_one = render(builtin.source("message"), sample("message"), pixel=None)
    pixel = "https://api.example/t/abc.gif"
    with_one = render(builtin.source("message"), sample("message"), pixel=pixel)
    assert pixel not in without_one.html
    assert with_one.html.count(pixel) == 1
    assert pixel not in with_one.text


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ffff00", "#1a6f5c", "#808080"])
def test_the_firms_colour_can_be_read_on_and_in_both_modes(colour: str):
    made = colours.palette(colour)
    assert colours.contrast(made.on_base, made.base) >= 4.5 or colour == "#808080"
    assert colours.contrast(made.light, colours.CARD) >= 4.5
    assert colours.contrast(made.dark, colours.DARK_CARD) >= 4.5


@pytest.mark.parametrize("colour", [None, "", "red", "#fff", "#12345g", '#000000"><script>', 7])
def test_what_is_no_colour_is_the_default_one(colour: Any):
    context = sample("message")
    context["firm"]["colour"] = colour
    assert "#1a6f5c" in render(builtin.source("message"), context, pixel=None).html


def test_a_mail_of_a_firm_that_said_nothing_of_itself():
    mail = render(builtin.source("invoice"), sample("invoice") | {"firm": {}}, pixel=None)
    assert mail.subject == "Invoice INV-2026-0042 from our office"
    assert "our office" in mail.text


# ---- What templates may say --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ client.first_name | upper }}", "ZOË"),
        ("{{ client['first_name'] }}", "Zoë"),
        ("{{ firm.address[0] }}|{{ firm.address[9] }}", "Ring 1|"),
        ("{{ firm.address | join(' · ') }}", "Ring 1 · 50667 Köln · Germany"),
        ("{{ firm.address | first | lower }}", "ring 1"),
        ("{{ firm.address | length }}", "3"),
        ("{{ firm.telephone if client.number else 'none' }}", "+49 221 1234"),
        ("{{ 'x' if not client.number }}|", "|"),
        ("{% if client.number == 'C-0042' and 1 < 2 %}a{% else %}b{% endif %}", "a"),
        ("{% if client.number is none or client.first_name > 3 %}a{% else %}b{% endif %}", "b"),
        ("{% if 'Z' in client.first_name %}a{% endif %}", "a"),
        ("{% for line in firm.address %}{{ loop.index }}{{ line[0] | default('-') }}{% endfor %}",
         None),
        ("{% for line in firm.address %}{{ loop.index }},{% endfor %}", "1,2,3,"),
        ("{% for line in firm.address if line != 'Ring 1' %}{{ line }}.{% endfor %}",
         "50667 Köln.Germany."),
        ("{{ '1250.5' | money('EUR') }}", "EUR\N{NO-BREAK SPACE}1,250.50"),
        ("{{ '1250.00' | money('JPY') }}", "JPY\N{NO-BREAK SPACE}1,250.00"),
        ("{{ 'much' | money('EUR') }}{{ 'NaN' | money }}", "muchNaN"),
        ("{{ '2026-02-03' | date }}, {{ 'soon' | date }}", "3 February 2026, soon"),
        ("{{ 'abcdef' | truncate(4) }}", "abc…"),
        ("{# a note #}a{% raw %}{{ b }}{% endraw %}", "a{{ b }}"),
    ],
)  # fmt: skip
def test_what_a_template_can_say(text: str, said: str | None):
    if said is None:
        assert "has no parts" in refused(text).reason or "[ ]" in refused(text).reason
    else:
        assert rendered(text) == said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ ''.__class__ }}", "begin with _"),
        ("{{ ''.upper }}", "has no parts"),
        ("{{ client.__init__ }}", "begin with _"),
        ("{{ client['__class__'] }}", "begin with _"),
        ("{{ client|attr('__class__') }}", "no filter 'attr'"),
        ("{{ client.items }}", "no variable client.items"),
        ("{{ firm.nmae }}", "did you mean firm.name?"),
        ("{{ cycler }}", "no variable cycler"),
        ("{{ self }}", "no variable self"),
        ("{{ range(9) }}", "called"),
        ("{{ lipsum() }}", "called"),
        ("{{ client.first_name.upper() }}", "called"),
        ("{{ loop }}", "no variable loop"),
        ("{{ message * 9 }}", "arithmetic"),
        ("{{ 9 ** 9 }}", "arithmetic"),
        ("{{ 9 - 9 }}", "arithmetic"),
        ("{{ '%099999999d' % 1 }}", "arithmetic"),
        ("{{ message ~ message }}", "~"),
        ("{{ [1, 2] }}", "not available"),
        ("{{ {'a': 1} }}", "not available"),
        ("{{ (1, 2) }}", "not available"),
        ("{{ message[:2] }}", "[ ]"),
        ("{{ message | safe }}", "no filter 'safe'"),
        ("{{ message | replace('a', 'b') }}", "no filter 'replace'"),
        ("{{ message | center(999999999) }}", "no filter 'center'"),
        ("{{ message | paragraphs }}", "no filter 'paragraphs' here"),
        ("{{ message | truncate(message) }}", "takes a number"),
        ("{{ message | default }}", "one thing in brackets"),
        ("{{ message | upper(1) }}", "nothing in brackets"),
        ("{{ message | upper | upper | upper | upper | upper }}", "4 filters"),
        ("{{ message is callable }}", "no test 'callable'"),
        ("{{ 1 < 2 < 3 }}", "two things at a time"),
        ("{{ 99999999999 }}", "too large"),
        ("{{ 1e999 }}", "too large"),
        ("{{ " + "9" * 5000 + " }}", "too long"),
        ("{{ firm }}", "firm is a group"),
        ("{{ firm.address }}", "firm.address is a list"),
        ("{% set x = 1 %}", "set"),
        ("{% with x = 1 %}{% endwith %}", "set"),
        ("{% macro x() %}{% endmacro %}", "acros"),
        ("{% include 'x' %}", "included"),
        ("{% import 'x' as y %}", "imported"),
        ("{% extends 'x' %}", "stand alone"),
        ("{% block x %}{% endblock %}", "stand alone"),
        ("{% filter upper %}{% endfilter %}", "not available"),
        ("{% autoescape false %}{% endautoescape %}", "not available"),
        ("{% call x() %}{% endcall %}", "acros"),
        ("{% for c in message %}{% endfor %}", "not a list"),
        ("{% for a in range(9) %}{% endfor %}", "called"),
        ("{% for a, b in firm.address %}{% endfor %}", "form"),
        ("{% for a in firm.address recursive %}{% endfor %}", "form"),
        ("{% for firm in firm.address %}{% endfor %}", "is taken"),
        (
            "{% for a in firm.address %}{% for b in firm.address %}{% endfor %}{% endfor %}",
            "a part of a",
        ),
        ("{% if a %}", "was looking for"),
        ("{{ message", "expected"),
        ("{{ " + "(" * 5000, "deeply"),
        ("{{ " + "not " * 60 + "message }}", "deeply"),
        ("{% if message %}" * 60 + "{% endif %}" * 60, "deeply"),
        ("x" * 20_001, "20,000 characters"),
    ],
)
def test_what_a_template_cannot_say(text: str, reason: str):
    began = time.process_time()
    error = refused(text)
    assert time.process_time() - began < 1
    assert reason in error.reason, error.reason
    assert error.field == "text"
    assert error.reason.endswith((".", "?"))


def test_a_refusal_names_the_part_and_the_line():
    error = refused("one\n\n{% if message %}\n{{ ''.__class__ }}\n{% endif %}\n")
    assert (error.field, error.line) == ("text", 4)
    assert refused("fine", subject="{{ nothing }}").field == "subject"
    error = refused("fine", html="<p>\n{{ nothing }}</p>")
    assert (error.field, error.line, error.message[:6]) == ("html", 2, "Line 2")


def test_lines_of_nothing_but_tags_leave_no_empty_line():
    text = "a\n{% if message %}\nb\n  {% endif %} \nc {% if message %}d{% endif %}\ne"
    assert rendered(text) == "a\nb\nc d\ne"


def test_an_output_that_grows_without_end_is_stopped():
    context = sample("statement")
    context["statement"]["currencies"] *= 5000
    text = "{% for each in statement.currencies %}" + "x" * 15_000 + "{% endfor %}"
    with pytest.raises(Unrenderable, match="too long"):
        render(source(text, kind="statement"), context, pixel=None)


def test_html_of_the_firm_loads_no_file_of_the_machine():
    html = '<link rel="stylesheet" href="file:///etc/passwd"><p>x</p>'
    assert "root:" not in render(source(html=html), sample("message"), pixel=None).html


# ---- Whatever clients are called ---------------------------------------------------------


EVIL = "Zoë\r\nBcc: all@x.example\u2028<b onclick=x>\u202e{{ 7 }}&\x00\ud800"


@BUILTIN
def test_a_name_can_add_no_header_and_no_element(name: str):
    context = sample(name)
    context["client"] = {
        "first_name": EVIL,
        "last_name": EVIL,
        "business_name": EVIL,
        "number": EVIL,
    }
    context["firm"]["name"] = EVIL
    context |= {key: EVIL for key, value in context.items() if isinstance(value, str)}
    mail = render(builtin.source(name), context, pixel=None)
    assert len(mail.subject.splitlines()) == 1
    assert not re.search(r"[\x00-\x1f\x7f\u202e\u2028\ud800-\udfff]", mail.subject)
    assert len(mail.subject) <= 250
    assert not {"b", "i"} & set(Words(mail.html).tags)
    mail.text.encode()
    mail.html.encode()


def test_names_of_the_world_stay_what_they_are():
    for name in ("محمد", "\u200fדוד", "山田 太郎", "🧑‍🚀 Neil", "Zoe\u0308", "O'Brien <ü>"):
        context = sample("message") | {"message": f"Dear {name}", "subject": f"For {name}"}
        mail = render(builtin.source("message"), context, pixel=None)
        assert mail.subject == f"For {name}"
        assert mail.text.startswith(f"Dear {name}\n")
        assert f"Dear {name}" in Words(mail.html).text


def test_links_of_a_message_lead_where_they_say():
    text = 'See https://a.example/?b=1&c=<2>, or (http://b.example/x). "javascript:alert(1)"'
    context = sample("message") | {"message": text}
    html = render(builtin.source("message"), context, pixel=None).html
    assert 'href="https://a.example/?b=1&amp;c="' in html
    assert 'href="http://b.example/x"' in html
    assert 'href="javascript' not in html


anything = st.text(st.characters(), max_size=60)


@given(st.data())
def test_whatever_clients_are_called_a_mail_is_a_mail(data: st.DataObject):
    name = data.draw(st.sampled_from(builtin.NAMES))
    context = sample(name)
    for variable in variables(name):
        group, _, last = variable.name.partition(".")
        if "[]" in variable.name or variable.name == "firm.colour":
            continue
        values = st.one_of(anything, st.none()) if variable.optional else anything
        place = context[group] if last else context
        place[last or group] = data.draw(values)
    marked = "<i>" + data.draw(anything)
    context["client"] = {"business_name": marked}
    mail = render(builtin.source(name), context, pixel="https://x.example/t/1.gif")
    assert len(mail.subject.splitlines()) <= 1
    assert len(mail.subject) <= 250
    assert "i" not in Words(mail.html).tags
    mail.text.encode()
    mail.html.encode()


@given(anything, anything)
def test_whatever_an_editor_writes_is_refused_or_rendered(text: str, inner: str):
    for template in (text, "{{ " + inner + " }}", "{% " + inner + " %}", "{% if " + inner + " %}"):
        with suppress(Unrenderable):
            check(source(template, kind="invoice", html=template))


def test_styles_of_the_firms_own_html_count():
    html = "<style>.mine { color: #123456 } @media print { .mine { color: red } }</style>"
    mail = render(source(html=html + '<p class="mine">x</p>'), sample("message"), pixel=None)
    (paragraph,) = re.findall(r'<p class="mine"[^>]*>', mail.html)
    assert "color:#123456" in paragraph
    assert "@media print" in mail.html


def test_tables_of_the_content_have_no_gaps():
    mail = render(builtin.source("invoice"), sample("invoice"), pixel=None)
    for table in re.findall(r"<table[^>]*>", mail.html.partition("<body")[2]):
        assert "border-spacing:0" in table or 'width="600"' in table
