"""What HTML a firm's template may hold, however it is written."""

import sys
from collections.abc import Callable
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallybook.mail.checking import check
from tallybook.mail.filters import MARKUP, PLAIN, money
from tallybook.mail.rendering import LONGEST_SOURCE, Source, Unrenderable, check_grammar, render
from tallybook.mail.variables import sample


def source(html: str | None, *, text: str = "Hello", kind: str = "invoice") -> Source:
    return Source("own", "Hello", text, html, based_on=kind)


def refused(html: str, *, kind: str = "invoice") -> Unrenderable:
    """Why HTML is refused that the grammar has nothing against."""
    made = source(html, kind=kind)
    check_grammar(made)
    with pytest.raises(Unrenderable) as caught:
        check(made)
    assert caught.value.field == "html"
    return caught.value


# ---- What Jinja could make of it ---------------------------------------------------------


@pytest.mark.parametrize(
    "html",
    [
        "<scr{# #}ipt>alert(1)</scr{# #}ipt>",
        '<img src="x" {##}onerror="alert(1)">',
        '<a href="java{##}script:alert(1)">x</a>',
        '<p style="background:u{##}rl(http://x.example/a.gif)">x</p>',
        "<ifr{% if true %}{% endif %}ame src='https://x.example'></iframe>",
        "<{% if link %}{% endif %}script>x</script>",
        '<p{% if link %} onclick="x"{% endif %}>x</p>',
        '<p class="{% if link %}a{% endif %}">x</p>',
        "<!-- {% if link %}--><b>{% endif %} --></b>",
        "{% raw %}{{ <script>alert(1)</script> }}{% endraw %}",
        "{% raw %}x{% endraw %}",
        "{% if client.number == 'x' %}<scr\x00ipt>x</script>{% endif %}",
        "{#\n{% if link %}\n<script>x</script> #}",
        "<style>p { background: u{# #}rl(x) }</style>",
    ],
)
def test_jinja_makes_no_part_of_an_element(html: str):
    refused(html)


@pytest.mark.parametrize(
    "html",
    [
        "<p title={{ client.business_name }}>x</p>",
        "<p title=a{{ client.business_name }}>x</p>",
        "<p {{ client.business_name }}>x</p>",
        "<{{ client.business_name }}>x</p>",
        '<p title="{{ client.business_name | link }}">x</p>',
        '<p title="{{ client.business_name | default(client.name | paragraphs) }}">x</p>',
        '<a href="{{ client.number }}">x</a>',
        '<a href="{{ firm.email }}">x</a>',
        '<a href="{{ link }}{{ client.number }}">x</a>',
        '<a href="{{ link }}javascript:x">x</a>',
        "<a href=\"{{ '' }}javascript:x\">x</a>",
        '<a href="{{ link | lower }}">x</a>',
        '<a href="j{{ client.number }}">x</a>',
        '<a href="java{{ client.number }}script:x">x</a>',
        '<p style="u{{ client.number }}rl(x)">x</p>',
        '<p style="u{{ firm.colour }}rl(x)">x</p>',
        '<p style="color: {{ client.number }}">x</p>',
        "<style>p { color: {{ client.number }} }</style>",
    ],
)
def test_what_a_client_is_called_is_no_attribute_no_address_and_no_style(html: str):
    refused(html)


def test_an_address_is_not_what_a_loop_calls_by_its_name():
    loop = '{% for link in firm.address %}<a href="{{ link }}">x</a>{% endfor %}'
    assert "href must begin" in refused(loop, kind="message").reason


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ link }}">x</a><img src="{{ firm.logo_url }}" alt="{{ firm.name }}">',
        "<a href='{{ link }}?from=mail&amp;to={{ client.number }}'>x</a>",
        '<a href="mailto:{{ firm.email }}?subject={{ invoice.number }}">x</a>',
        '<a href="https://x.example/?n={{ invoice.number }}">x</a>',
        '<p class="{{ "late" if invoice.days_overdue else "new" }}" title="&lt;script&gt;">x</p>',
        '<p style="color: {{ firm.colour }}">a < b, 1 <2</p>',
        "<style>p { color: {{ firm.colour }} } @media print { p { color: red } }</style>",
        "{# a note #}{% if link %}<p>x</p>{% else %}<br/>{% endif %}",
        '<!-- {{ client.name }} --><!--[if mso]><table><tr><td width="600"><![endif]-->',
        "<!--[if !mso]><!--><p>x</p><!--<![endif]-->",
        "<ul><li>a<li>b</ul><table><tr><td>x<tr><td>y</table><P ALIGN=center>x</P>",
        "{{ link | button('See it') }}{{ client.name | lines }}",
    ],
)
def test_what_mails_are_made_of_is_accepted(html: str):
    check(source(html))


@pytest.mark.parametrize(
    "html",
    [
        "<script >x</script>",
        "<sCRipt\n>x</script>",
        "<img/src=x>",
        "<img src=x / onerror=y>",
        "<script/x>",
        "<p title='x>x</p>",
        "<!--><script>x</script>-->",
        "<!---><script>x</script>-->",
        "<!-- --!><script>x</script>-->",
        "<!-- x",
        "<![CDATA[ x ]]>",
        "<?xml x?>",
        "</ p>",
        "<![\u2039![",
        "<xmp><p title='</xmp><script>x</script>'></p></xmp>",
        "<style></style/><script>x</script></style>",
        "<style><p>",
        "<style>p { background: \\75rl(x) }</style>",
        '<p style="background: &#117;rl(x)">x</p>',
        '<a href="java&Tab;script&colon;x">x</a>',
        "<!--[if mso]><script>x</script><![endif]-->",
        "<p " + " ".join(f"a{i}" for i in range(51)) + ">x</p>",
        "<b>" * 101 + "</b>" * 101,
        "<br>" * 4_001,
        "<style>" + "p{color:red}" * 700 + "</style>",
    ],
)
def test_html_that_runs_something_or_that_browsers_would_guess_at_is_refused(html: str):
    refused(html)


def test_what_a_branch_makes_is_balanced_as_well():
    both = "{% if link %}</div>{% endif %}"
    assert "never closed" in refused("<div>{% if not link %}</div>{% endif %}").reason
    assert "closes nothing" in refused("{% if not link %}<div>{% endif %}" + both).reason


def test_a_refusal_names_the_line_behind_jinja_of_several():
    jinja = "{# a\nnote #}\n{{- client.name -}}\n\n{% if link %}\n{% endif %}\n"
    assert refused(f"{jinja}<script>").line == 7


# ---- Whatever is put together ------------------------------------------------------------

PIECES = (
    *("<", ">", "</", "/>", "scr", "ipt", "<script>", "<p", "<p>", "</p>", "<a href=", "<img src="),
    *(" onclick=", "=", '"', "'", " ", "x", "java", "script:", "{# #}", "{% if link %}", "\x0b"),
    *("{% endif %}", "{% else %}", "{{ '' }}", "{{ client.number }}", '"{{ client.number }}"'),
    *(
        "{{ client.number | link }}",
        "{{ client.business_name | paragraphs }}",
        "{{ link }}",
        "<!--",
        "-->",
        "!",
    ),
    *("<style>", "</style>", " style=", "url(", "{{ firm.colour }}", "{{ firm.logo_url }}", "\x00"),
    *("</a>", '<a href="', '">', "-", "{% raw %}", "{% endraw %}", "\n", "&#", "<!--[if mso]>"),
)
EVIL = (
    "javascript:alert(1)",
    'https://x.example/"><script>x</script> onclick=alert(1) style=background:url(x) ',
    "script onclick=x",
)


class Harm(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe")
        for name, value in attrs:
            assert not name.startswith("on")
            plain = "".join((value or "").split()).lower()
            assert name not in ("href", "src") or not plain.startswith("javascript:")
            assert name != "style" or "url(" not in plain


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.sampled_from(EVIL))
@example('<a href="{{ link }}">x</a>{{ client.number | link }}', EVIL[1])
def test_no_accepted_template_runs_anything_whatever_clients_are_called(html: str, evil: str):
    made = source(html)
    with suppress(Unrenderable):
        check(made)
        client = {"number": evil, "business_name": evil}
        context = sample("invoice") | {"client": client}
        Harm().feed(render(made, context, pixel=None).html)


# ---- The work it takes -------------------------------------------------------------------


def work(act: Callable[[], object]) -> int:
    """How many functions are called, of Python and of C."""
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def tried(html: str) -> Callable[[], None]:
    def act() -> None:
        with suppress(Unrenderable):
            check(source(html))

    return act


@pytest.mark.parametrize(
    "piece",
    [
        *("{{", "{%", "{#", "<a ", '<a b="', "<!--", "<![", "</", "<", "<p>", "<div>", "&", "<p"),
        *(
            "<p></div>",
            "<style>",
            "<!-- -->",
            "<a b>",
            "</p>",
            "{{ 1 }}",
            "{% if link %}",
            "<a a a",
        ),
    ],
)
def test_twice_the_html_takes_twice_the_work_at_most(piece: str):
    longest = LONGEST_SOURCE["html"] // len(piece)
    tried("<p>x</p>")()  # what is kept from then on
    half = work(tried(piece * (longest // 2)))
    assert work(tried(piece * longest)) <= 2.2 * half + 10_000


@pytest.mark.parametrize("piece", ["<a ", "<p ", "<!--", "<p></div>", "<a b='", "<a b"])
def test_a_refused_tag_ends_the_reading(piece: str):
    refused(piece * (30_000 // len(piece)))


@pytest.mark.parametrize(
    "amount",
    ["1e999999999", "-1e999999999", "1e-999999999", "0e-999999999", "1e31", "1e-31", "1E+99999999"],
)
def test_an_amount_of_more_digits_than_money_has_stays_as_it_is(amount: str):
    assert money(amount, "EUR") == amount
    check(source(None, text=f"{{{{ '{amount}' | money }}}}"))


def test_an_amount_of_many_digits_is_money():
    assert money("1234567890123456789.5", "EUR") == "EUR\xa01,234,567,890,123,456,789.50"
    assert money("0.00", "EUR") == "EUR\xa00.00"
    assert money("1e3") == "1,000"


@pytest.mark.parametrize("name", [*PLAIN, *MARKUP])
@pytest.mark.parametrize(
    "value",
    ["1e999999999", "9" * 20_000, "\n" * 20_000, "&" * 20_000, "https://" * 2_500, " -(" * 6_000],
)
def test_a_filter_makes_no_more_than_a_few_times_what_it_is_given(name: str, value: str):
    filter_ = {**PLAIN, **MARKUP}[name]
    given = [value] * filter_.least if filter_.constant is None else []
    made = str(filter_.function(value, *given))
    assert len(made) <= 60 * len(value) + 1_000
    if filter_.constant is int:
        for length in (-1_000_000_000, 1_000_000_000):
            assert len(str(filter_.function(value, length))) <= len(value) + 1
