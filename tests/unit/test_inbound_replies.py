"""Of a reply the new part is kept; what it quotes is cut, in the ways of real mail programs."""

import pytest

from tallybook.inbound.markup import text_of
from tallybook.inbound.replies import newest

NEW = "We will pay on Friday.\n\nAnna"

QUOTATIONS = {
    "Gmail, English": """
On Sun, Nov 22, 2026 at 8:04 AM The Firm <office@firm.example> wrote:

> Please pay invoice 42.
>""",
    "Gmail, English, over two lines": """
On Sun, Nov 22, 2026 at 8:04 AM The Firm of a long name <
office@firm.example> wrote:

> Please pay invoice 42.""",
    "Gmail, German": """
Am So., 22. Nov. 2026 um 08:04 Uhr schrieb Die Firma <office@firm.example>:

> Bitte zahlen Sie.""",
    "Gmail, German, over two lines": """
Am So., 22. Nov. 2026 um 08:04 Uhr schrieb Die Firma mit langem Namen <
office@firm.example>:

> Bitte zahlen Sie.""",
    "Gmail, French": """
Le dim. 22 nov. 2026 à 08:04, La Société <office@firm.example> a écrit :

> Merci de payer.""",
    "Apple Mail, English": """
> On 22. Nov 2026, at 08:04, The Firm <office@firm.example> wrote:
>
> Please pay invoice 42.""",
    "Apple Mail, German": """
> Am 22.11.2026 um 08:04 schrieb Die Firma <office@firm.example>:
>
> Bitte zahlen Sie.
""",
    "Apple Mail, French": """
> Le 22 nov. 2026 à 08:04, La Société <office@firm.example> a écrit\u00a0:
>
> Merci de payer.""",
    "Outlook, English": """
________________________________
From: The Firm <office@firm.example>
Sent: Sunday, November 22, 2026 8:04 AM
To: Anna <anna@acme.example>
Subject: Invoice 42

Please pay invoice 42.""",
    "Outlook, German": """
Von: Die Firma <office@firm.example>
Gesendet: Sonntag, 22. November 2026 08:04
An: Anna <anna@acme.example>
Betreff: Rechnung 42

Bitte zahlen Sie.""",
    "Outlook, French": """
De : La Société <office@firm.example>
Envoyé : dimanche 22 novembre 2026 08:04
À : Anna <anna@acme.example>
Objet : Facture 42

Merci de payer.""",
    "Outlook of old, English": """
-----Original Message-----
From: The Firm [mailto:office@firm.example]
Sent: Sunday, November 22, 2026 8:04 AM
To: Anna
Subject: Invoice 42

Please pay.""",
    "Outlook of old, German": """
-----Ursprüngliche Nachricht-----
Von: Die Firma [mailto:office@firm.example]
Gesendet: Sonntag, 22. November 2026 08:04
An: Anna
Betreff: Rechnung 42

Bitte zahlen Sie.""",
    "only quoted lines": "\n> Please pay invoice 42.\n>> And 41.",
}


@pytest.mark.parametrize("quotation", QUOTATIONS.values(), ids=QUOTATIONS)
def test_what_is_quoted_below_is_cut(quotation: str):
    assert newest(f"{NEW}\n{quotation}", "Re: Invoice 42") == NEW


@pytest.mark.parametrize(
    "text",
    [
        NEW,
        "On Friday we pay.\nFrom now on we pay at once.",
        "Am Freitag zahlen wir.\nVon uns aus gern.",
        "From: the heart\nwe thank you.",
        "Data: 22/11/2026\nWe were there.",
        "- one\n- two\n\n  an indented line\n\nBest regards,\nAnna",
    ],
)
def test_what_is_no_quotation_stays(text: str):
    assert newest(text, "Re: Invoice 42") == text


def test_a_reply_between_the_lines_stays_whole():
    text = "> Will you pay?\nYes.\n> When?\nOn Friday."
    assert newest(text, "Re: Invoice 42") == text


@pytest.mark.parametrize("quotation", QUOTATIONS.values(), ids=QUOTATIONS)
def test_a_reply_without_a_word_of_its_own_stays_whole(quotation: str):
    assert newest(quotation, "Re: Invoice 42") == quotation


@pytest.mark.parametrize("subject", ["Fwd: Invoice 42", "FW: Invoice", "WG: Rechnung", "TR : x"])
@pytest.mark.parametrize("quotation", QUOTATIONS.values(), ids=QUOTATIONS)
def test_what_is_forwarded_is_what_is_to_be_read(quotation: str, subject: str):
    text = f"{NEW}\n{quotation}"
    assert newest(text, subject) == text


def test_a_reply_in_html():
    gmail = (
        '<div dir="ltr">We will pay on Friday.<div><br></div><div>Anna</div></div><br>'
        '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Sun, Nov 22, 2026 at 8:04 '
        'AM The Firm &lt;<a href="mailto:o@firm.example">o@firm.example</a>&gt; wrote:<br>'
        '</div><blockquote class="gmail_quote">Please pay.</blockquote></div>'
    )
    outlook = (
        "<p class=MsoNormal>We will pay on Friday.<o:p></o:p></p><p>Anna</p><div style='border-top:"
        "solid #E1E1E1 1.0pt'><p class=MsoNormal><b>From:</b> The Firm &lt;office@firm.example&gt;"
        "<br><b>Sent:</b> Sunday, November 22, 2026 8:04 AM<br><b>To:</b> Anna<br><b>Subject:</b> "
        "Invoice</p></div><p>Please pay.</p>"
    )
    for html in (gmail, outlook):
        assert newest(text_of(html), "Re: Invoice 42") == NEW
