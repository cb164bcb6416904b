"""Mail as real programs write it, and as nobody should, is read without fail."""

import base64
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallybook.inbound.decoding import decoded
from tallybook.inbound.markup import text_of
from tallybook.inbound.mime import Attachment, ReceivedMail, read
from tallybook.inbound.replies import newest

HEAD = b"From: Anna <anna@acme.example>\r\nTo: office@firm.example\r\nSubject: Hello\r\n"


def mail(*headers: str, body: str | bytes = "Hello", charset: str = "utf-8") -> bytes:
    content = body.encode(charset) if isinstance(body, str) else body
    return HEAD + "".join(f"{each}\r\n" for each in headers).encode() + b"\r\n" + content


def multipart(kind: str, *parts: bytes, boundary: str = "b1") -> bytes:
    start = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    between = f"\r\n--{boundary}\r\n".encode()
    return start + between + between.join(parts) + f"\r\n--{boundary}--\r\n".encode()


def part(content_type: str, body: str | bytes, *headers: str) -> bytes:
    lines = "".join(f"{each}\r\n" for each in (f"Content-Type: {content_type}", *headers))
    return lines.encode() + b"\r\n" + (body.encode() if isinstance(body, str) else body)


# ---- Headers -------------------------------------------------------------------------------


def test_a_plain_mail():
    found = read(
        mail(
            "Date: Sun, 22 Nov 2026 08:04:00 +0100",
            "Message-ID: <1@acme.example>",
            "In-Reply-To: <2@firm.example>",
            body="We will pay.\r\n\r\nAnna\r\n",
        )
    )
    assert (found.sender, found.sender_name) == ("anna@acme.example", "Anna")
    assert (found.subject, found.text) == ("Hello", "We will pay.\n\nAnna")
    assert found.sent_at == datetime(2026, 11, 22, 7, 4, tzinfo=UTC)
    assert (found.message_id, found.in_reply_to) == ("<1@acme.example>", "<2@firm.example>")
    assert (found.automatic, found.ambiguous, found.attachments) == (False, False, [])


@pytest.mark.parametrize(
    ("header", "name", "address"),
    [
        ("anna@acme.example", None, "anna@acme.example"),
        ("<anna@acme.example>", None, "anna@acme.example"),
        ('"Schmidt, Anna" <anna@acme.example>', "Schmidt, Anna", "anna@acme.example"),
        ('"ceo@firm.example" <evil@x.example>', "ceo@firm.example", "evil@x.example"),
        ("ceo@firm.example <evil@x.example>", None, "evil@x.example"),
        ("=?utf-8?q?M=C3=BCller?= <m@acme.example>", "Müller", "m@acme.example"),
        ("=?utf-8?b?PGNlb0BmaXJtLmV4YW1wbGU+?= <m@x.example>", "<ceo@firm.example>", "m@x.example"),
        ("anna@acme.example (Anna)", None, "anna@acme.example"),
        ("Anna <anna@acme.example", "Anna", "anna@acme.example"),
        ("undisclosed", None, None),
        ("", None, None),
    ],
)
def test_who_a_mail_is_from(header: str, name: str | None, address: str | None):
    raw = f"From: {header}\r\n\r\nHi".encode()
    found = read(raw)
    assert found.sender == address
    if name:
        assert found.sender_name == name


def test_a_name_cannot_break_a_line():
    raw = (
        b"From: =?utf-8?q?Anna=0D=0ABcc:_x@y.example?= <a@acme.example>\r\n"
        b"Subject: =?utf-8?q?a=0Ab=00c?=\r\n\r\nHi"
    )
    found = read(raw)
    assert (found.sender, found.sender_name, found.ambiguous) == ("a@acme.example", None, True)
    assert found.subject == "a bc"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@acme.example\r\nFrom: b@x.example\r\n\r\nHi",
        b"From: a@acme.example, b@x.example\r\n\r\nHi",
        b"From: b@x.example <a@acme.example>\r\n\r\nHi",
    ],
)
def test_a_mail_of_several_senders_is_ambiguous(raw: bytes):
    found = read(raw)
    assert (found.sender, found.ambiguous) == ("a@acme.example", True)


@pytest.mark.parametrize(
    "header",
    [
        "<anna@acme.example> <evil@evil.example>",
        "<evil@evil.example> <anna@acme.example>",
        "anna@acme.example@evil.example",
        "anna@acme.example evil@evil.example",
        "<anna@acme.example>@evil.example",
        "anna@acme.example <evil@evil.example>",
        "<@evil.example:anna@acme.example>",
        "anna@acme.example <anna@acme.example>, evil@evil.example",
    ],
)
def test_what_is_left_over_beside_one_address_makes_it_ambiguous(header: str):
    assert read(f"From: {header}\r\n\r\nHi".encode()).ambiguous


@pytest.mark.parametrize(
    "header",
    [
        "anna@acme.example",
        "Anna <anna@acme.example>",
        "anna@acme.example <Anna@acme.example>",
        '"anna@old.example" <anna@acme.example>',
        '"a \\"b@x.example\\"" <anna@acme.example>',
        "Dr. Anna <anna@acme.example> (was b@x.example)",
        "=?utf-8?q?ceo=40firm.example?= <anna@acme.example>",
    ],
)
def test_names_and_comments_are_no_addresses(header: str):
    found = read(f"From: {header}\r\n\r\nHi".encode())
    assert (str(found.sender).casefold(), found.ambiguous) == ("anna@acme.example", False)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("=?iso-8859-1?Q?Rechnung_f=FCr_M=E4rz?=", "Rechnung für März"),
        ("=?utf-8?B?UsOpOiBmYWN0dXJl?=", "Ré: facture"),
        ("=?windows-1252?q?5_=80?=", "5 €"),
        ("=?utf-8?q?one?= =?utf-8?q?_two?=", "one two"),
        ("=?nonsense?q?caf=C3=A9?=", "café"),
        ("=?utf-8?q?never closed", "=?utf-8?q?never closed"),
        ("one\r\n two", "one two"),
        ("x" * 300, "x" * 246 + " […]"),
    ],
)
def test_subjects(header: str, subject: str):
    assert read(f"Subject: {header}\r\n\r\nHi".encode()).subject == subject


def test_headers_in_bare_utf8():
    raw = "From: Müller <zoë@müller.example>\r\nSubject: Rechnung für März\r\n\r\nHi".encode()
    found = read(raw)
    assert (found.sender_name, found.sender) == ("Müller", "zoë@müller.example")
    assert found.subject == "Rechnung für März"


def test_headers_in_a_charset_that_they_do_not_name():
    found = read("Subject: Rechnung für März\r\n\r\nHi".encode("latin-1"))
    assert found.subject.startswith("Rechnung f")
    assert read("From: zoë@x.example\r\n\r\nHi".encode("latin-1")).sender is None


@pytest.mark.parametrize("date", ["yesterday", "", "Mon, 99 Foo 2026 99:99:99 +9999"])
def test_a_date_that_is_none(date: str):
    assert read(mail(f"Date: {date}")).sent_at is None


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: auto-generated; owner=x", True),
        ("Auto-Submitted: no", False),
        ("Precedence: bulk", True),
        ("Precedence: auto_reply", True),
        ("Return-Path: <>", True),
        ("Return-Path: <anna@acme.example>", False),
        ("X-Autoreply: yes", True),
        ("List-Id: <news.example>", True),
        ("Content-Type: multipart/report; boundary=x", True),
    ],
)
def test_what_programs_send_is_automatic(header: str, automatic: bool):
    assert read(mail(header)).automatic is automatic


SES = (
    b"Return-Path: <anna@acme.example>\r\n"
    b"X-SES-Spam-Verdict: %b\r\nX-SES-Virus-Verdict: %b\r\n"
    b"Authentication-Results: amazonses.com;\r\n spf=pass (spfCheck: domain of acme.example; "
    b"dmarc=pass) client-ip=192.0.2.1; envelope-from=%b; helo=mx;\r\n"
    b" dkim=fail header.i=@x.example;\r\n dkim=pass header.i=@acme.example;\r\n"
    b" dmarc=%b header.from=acme.example;\r\n"
)


def verdict_of(
    spam: bytes = b"PASS",
    virus: bytes = b"PASS",
    dmarc: bytes = b"pass",
    envelope: bytes = b"a@acme.example",
    more: bytes = b"",
) -> ReceivedMail:
    return read(SES % (spam, virus, envelope, dmarc) + more + mail())


def test_what_ses_found_out_of_a_mail():
    found = verdict_of().verdicts
    assert (found.spam, found.virus) == (False, False)
    assert found.vouch_for("anna@acme.example")
    assert found.authentication == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}
    assert verdict_of(spam=b"FAIL").verdicts.spam
    assert verdict_of(virus=b"FAIL").verdicts.virus
    assert not verdict_of(dmarc=b"fail").verdicts.vouch_for("anna@acme.example")
    assert verdict_of(dmarc=b"none").verdicts.vouch_for("anna@acme.example")
    assert not verdict_of(spam=b"GRAY").verdicts.spam


def test_a_sender_cannot_pass_for_ses():
    forged = b"X-SES-Spam-Verdict: PASS\r\nAuthentication-Results: amazonses.com; dmarc=pass\r\n"
    found = verdict_of(spam=b"FAIL", dmarc=b"fail", more=forged).verdicts
    assert found.spam
    assert not found.vouch_for("anna@acme.example")
    for envelope in (
        b'"x; dmarc=pass"@x.example',
        b"x;dmarc=pass;@x.example",
        b'"x\\"; dmarc=pass header.from=acme.example; y"@x.example',
    ):
        found = verdict_of(dmarc=b"fail", envelope=envelope).verdicts
        assert not found.vouch_for("anna@acme.example")
    other = read(b"Authentication-Results: mx.x.example; dmarc=fail\r\n" + mail())
    assert other.verdicts.authentication == {}
    assert not other.verdicts.vouch_for("anna@acme.example")


@pytest.mark.parametrize(
    ("sender", "is_vouched_for"),
    [
        ("anna@acme.example", True),
        ("anna@ACME.example", True),
        ("anna@mail.acme.example", True),
        ("anna@evil.example", False),
        ("anna@not-acme.example", False),
        ("anna@acme.example.evil.example", False),
        ("anna@example", False),
        (None, False),
    ],
)
def test_ses_vouches_for_the_domain_that_it_has_read(sender: str | None, is_vouched_for: bool):
    assert verdict_of().verdicts.vouch_for(sender) is is_vouched_for


@pytest.mark.parametrize("said", ["müller.example", "xn--mller-kva.example", "MÜLLER.example."])
def test_a_domain_is_the_same_however_it_is_spelled(said: str):
    results = f"Authentication-Results: amazonses.com; dmarc=pass header.from={said}\r\n"
    found = read(results.encode() + mail()).verdicts
    assert found.vouch_for("m@müller.example")
    assert found.vouch_for("m@xn--mller-kva.example")


def test_two_domains_that_were_compared_are_none_to_trust():
    sneaked_in = b"x;dmarc=pass header.from=bolt.example;@x.example"
    found = verdict_of(envelope=sneaked_in).verdicts
    assert not found.vouch_for("b@bolt.example")
    assert not found.vouch_for("anna@acme.example")


# ---- Texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "said"),
    [
        ("utf-8", "utf-8"),
        ("windows-1252", "cp1252"),
        ("iso-8859-1", "cp1252"),  # as everybody means it
        ("us-ascii", "utf-8"),
        ("us-ascii", "cp1252"),
        ("x-unknown", "utf-8"),
        ("base64", "utf-8"),
        ("idna", "utf-8"),
        ("utf-16", "utf-16"),
        ("", "cp1252"),
    ],
)
def test_texts_in_any_charset(charset: str, said: str):
    body = base64.encodebytes("Für Müller: 5 €".encode(said))
    kind = f'Content-Type: text/plain; charset="{charset}"'
    found = read(mail(kind, "Content-Transfer-Encoding: base64", body=body))
    assert found.text == "Für Müller: 5 €"


@pytest.mark.parametrize(("charset", "text"), [("gb2312", "请付款"), ("iso-2022-jp", "支払い")])
def test_texts_of_the_east(charset: str, text: str):
    found = read(mail(f"Content-Type: text/plain; charset={charset}", body=text.encode(charset)))
    assert found.text == text


def test_quoted_printable_with_soft_breaks():
    encoding = "Content-Transfer-Encoding: quoted-printable"
    found = read(mail("Content-Type: text/plain; charset=utf-8", encoding, body="M=C3=BC=\r\nller"))
    assert found.text == "Müller"


def test_the_plain_one_of_alternatives_is_read():
    body = multipart("alternative", part("text/plain", "Plain"), part("text/html", "<p>Rich</p>"))
    assert read(HEAD + body).text == "Plain"


def test_html_alone_is_made_text():
    html = """<html><head><title>No</title><style>p {color: red}</style></head><body>
        <!-- <p>never</p> --><script>alert("no")</script>
        <p>Dear&nbsp;firm,</p><div>we pay <b>on Fri</b>day.<br>Anna &amp; Bob</div>
        <ul><li>one</li><li>two</li></ul><table><tr><td>a</td><td>b</td></tr></table>
        <blockquote>Please pay</blockquote> 1 < 2</body></html>"""
    text = read(mail("Content-Type: text/html; charset=utf-8", body=html)).text
    assert text.split("\n") == [
        *("Dear firm,", "", "we pay on Friday.", "Anna & Bob", "- one", "- two", "a b", ""),
        *("> Please pay", "", "1 < 2"),
    ]


def test_an_empty_plain_alternative_gives_way_to_html():
    body = multipart("alternative", part("text/plain", " \r\n"), part("text/html", "<p>Rich</p>"))
    assert read(HEAD + body).text == "Rich"


def test_nested_parts_with_attachments():
    image = part(
        "image/png; name=logo.png",
        b"iVBORw0KGgo=",
        "Content-Transfer-Encoding: base64",
        "Content-ID: <logo>",
        "Content-Disposition: inline; filename=logo.png",
    )
    related = multipart("related", part("text/html", "<p>Rich</p>"), image, boundary="b3")
    alternative = multipart("alternative", part("text/plain", "Plain"), related, boundary="b2")
    pdf = part(
        "application/pdf",
        base64.encodebytes(b"%PDF-1.7"),
        "Content-Disposition: attachment; filename*=utf-8''Rechnung%20M%C3%A4rz.pdf",
        "Content-Transfer-Encoding: base64",
    )
    note = part(
        "text/plain", "attached", 'Content-Disposition: attachment; filename="../a\r\n b.txt"'
    )
    found = read(HEAD + multipart("mixed", alternative, pdf, note, part("text/plain", "Footer")))
    assert found.text == "Plain\n\nFooter"
    assert found.attachments == [
        Attachment("logo.png", "image/png", 8),
        Attachment("Rechnung März.pdf", "application/pdf", 8),
        Attachment(".._a b.txt", "text/plain", 8),
    ]


def test_a_mail_attached_to_a_mail_is_not_read_as_part_of_it():
    inner = b"From: c@x.example\r\nSubject: The other\r\n\r\nInner text"
    body = multipart("mixed", part("text/plain", "See below"), part("message/rfc822", inner))
    found = read(HEAD + body)
    assert found.text == "See below"
    assert found.attachments == [Attachment("The other", "message/rfc822", None)]


def test_a_mail_that_is_nothing_but_a_file():
    found = read(mail("Content-Type: application/pdf; name=a.pdf", body=b"%PDF"))
    assert (found.text, found.attachments) == ("", [Attachment("a.pdf", "application/pdf", 4)])


def test_ten_megabytes_are_listed_by_their_size():
    message = EmailMessage()
    message["From"] = "anna@acme.example"
    message.set_content("See attached.")
    content = bytes(10_000_000)
    message.add_attachment(content, maintype="application", subtype="zip", filename="a.zip")
    found = read(message.as_bytes())
    assert found.text == "See attached."
    assert found.attachments == [Attachment("a.zip", "application/zip", 10_000_000)]


def test_a_mail_that_was_cut_off_is_read_as_far_as_it_goes():
    message = EmailMessage()
    message["From"] = "anna@acme.example"
    message.set_content("See attached.")
    message.add_attachment(bytes(1000), maintype="application", subtype="zip", filename="a.zip")
    found = read(message.as_bytes()[:-700])
    assert found.text == "See attached."
    assert [each.name for each in found.attachments] == ["a.zip"]


def test_control_characters_are_left_out():
    assert read(mail(body="a\x00b\x1b[31mc\td\r\ne\rf")).text == "ab[31mc\td\ne\nf"


# ---- What breaks programs ------------------------------------------------------------------

PARTS = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b": ",
        b"From",
        b"Subject",
        b"Content-Type",
        b"multipart/mixed",
        b"--x",
        b"; boundary=x",
        b"text/html",
        b"=?utf-8?q?",
        b"?=",
        b"=?",
        b"<",
        b">",
        b"@",
        b"(",
        b'"',
        b"\\",
        b"Date",
        b"Content-Transfer-Encoding",
        b"base64",
        b"uuencode",
        b"charset=",
        b"idna",
        b"\xff",
        b"name*0*=",
        b"''%",
        b"message/rfc822",
        b"a@b.c",
        b",",
        b";",
        b"[",
        b"]",
        b".",
        b"\x00",
    ]
)


@given(
    st.binary(max_size=2000) | st.lists(PARTS | st.binary(max_size=3), max_size=60).map(b"".join)
)
@example(b"From: @\n\n")
@example(b"From: <@a:b@c>\n\n")
@example(b'Content-Type: text/plain; charset*="\xff\n\n')
@example(b"Content-Type: multipart/mixed\n\nno boundary")
@example(b"Content-Type: message/rfc822\n\n")
@example(b"Content-Disposition: ;;;\nContent-Type: ;\n\n")
@example(b"Date: ,\nMessage-ID: <[>\n\n")
def test_any_bytes_are_read(raw: bytes):
    found = read(raw)
    newest(found.text, found.subject)
    for text in (found.text, found.subject, found.sender_name or "", found.sender or ""):
        text.encode()
    assert "\n" not in found.subject


@given(st.text(max_size=500))
def test_any_markup_has_a_text(html: str):
    text_of(html).encode("utf-8", "surrogatepass")


@given(st.binary(max_size=200), st.text(max_size=20) | st.none())
def test_any_bytes_are_some_text(content: bytes, charset: str | None):
    assert isinstance(decoded(content, charset), str)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"From: " + b"(" * 300_000, id="comments"),
        pytest.param(b"From: " + b"a@b.c, " * 200_000, id="addresses"),
        pytest.param(b"Content-Type: text/plain" + b"; a=b" * 300_000, id="parameters"),
        pytest.param(b"a: b\n" * 2_000_000, id="headers"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n" * 999, id="parts"),
        pytest.param(
            b"".join(
                b"Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n" % (n, n)
                for n in range(900)
            ),
            id="nested",
        ),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 100_000, id="messages"),
        pytest.param(b"Content-Type: text/html\n\n" + b"<a " * 300_000, id="tags"),
        pytest.param(b"Content-Type: text/html\n\n" + b"<!--" * 300_000, id="HTML comments"),
        pytest.param(HEAD + b"\n" + b"On " * 100_000, id="attributions"),
        pytest.param(HEAD + b"\n" + (b"On " * 99 + b"\n") * 600, id="lines of attributions"),
        pytest.param(HEAD + b"\n" + b"\n" * 200_000, id="empty lines"),
        pytest.param(HEAD + b"\n" + b"> " * 100_000, id="quotes"),
    ],
)
def test_a_mail_made_to_keep_us_busy_takes_seconds(raw: bytes):
    begun = time.process_time()
    found = read(raw)
    newest(found.text, found.subject)
    assert time.process_time() - begun < 15  # some are quadratic in the package: minutes, hours
