"""`make bench`: everything that PERFORMANCE.md sets goals for, measured in one run.

python -m tests.bench                   prints
python -m tests.bench --write           and rewrites docs/benchmarks.md
python -m tests.bench --only mail       a section alone: cold, imports, mail, billing, time, papers
"""

import argparse
import sys
from pathlib import Path

from tests import conftest  # noqa: F401 - sets the environment of a function
from tests.bench import builds
from tests.support.template import ROOT

DOCUMENT = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--write", action="store_true", help="rewrite docs/benchmarks.md")
    parser.add_argument("--rounds", type=int, default=15, help="of each measurement")
    parser.add_argument(
        "--rows", type=int, default=100_000, help="to import; the clients of the large firm"
    )
    parser.add_argument("--mails", type=int, default=10_000, help="to send at the rate of SES")
    parser.add_argument("--drafts", type=int, default=10_000, help="to finalize at once")
    parser.add_argument("--due", type=int, default=10_000, help="recurring invoices in one hour")
    parser.add_argument(
        "--only",
        choices=["cold", "imports", "mail", "billing", "time", "papers"],
        help="one section, which is not written",
    )
    wanted = parser.parse_args()
    if wanted.only == "papers":
        from tests.bench import papers

        sys.stdout.write(papers.section())
        return
    say("Building as it is deployed")
    shipped = builds.build(plain=False)
    sys.path.insert(0, str(ROOT / "layers" / "shared" / "python"))
    from tests.bench import cold_report, report

    if wanted.only == "imports":
        sys.stdout.write(report.of_imports(shipped, rows=wanted.rows, say=say))
        return
    if wanted.only == "mail":
        sys.stdout.write(report.of_mail(shipped, count=wanted.mails, say=say))
        return
    if wanted.only == "billing":
        sys.stdout.write(
            report.of_billing(shipped, rounds=wanted.rounds, count=wanted.drafts, say=say)
        )
        return
    if wanted.only == "time":
        sys.stdout.write(report.of_time(shipped, rounds=wanted.rounds, count=wanted.due, say=say))
        return
    say("Building by plain `sam build`")
    plain = builds.build(plain=True)
    if wanted.only == "cold":
        sys.stdout.write(cold_report.section(shipped, plain, rounds=wanted.rounds))
        return
    text = report.made(
        shipped,
        plain,
        rounds=wanted.rounds,
        clients=wanted.rows,
        letters=wanted.mails,
        drafts=wanted.drafts,
        due=wanted.due,
        say=say,
    )
    sys.stdout.write(text)
    if wanted.write:
        Path(DOCUMENT).write_text(text, "utf-8")
        say(f"Wrote {DOCUMENT.relative_to(ROOT)}")


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
