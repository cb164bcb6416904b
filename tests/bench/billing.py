"""Ten thousand drafts of ten thousand clients finalized, beside boto3 that writes the same."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import batched

from tests.bench import billing_workers
from tests.bench.billing_books import Ref, drafts
from tests.bench.import_workers import Process
from tests.bench.imports import Bench
from tests.bench.packed import FLOOR_TABLE, Packed, images, images_of_numbers, read_units, write
from tests.support import firm
from tests.support.template import create_table

PART = 500  # drafts that ours and the floor finalize by turns


def finalize_all(bench: Bench, *, count: int, say: Callable[[str], None]) -> Packed:
    """Needs a table to itself."""
    found, refs = Packed(count, PART), list[Ref]()
    create_table(bench.admin, FLOOR_TABLE)
    try:
        for some in batched(drafts(count), 2000, strict=False):
            refs += [ref for ref, _ in some]
            items = [item for _, each in some for item in each]
            firm.write(bench.admin, items)
            write(bench.admin, items)
        say(f"{count:,} drafts are there")
        sample = [client_id for client_id, _ in refs[:PART]]
        before = images(bench.admin, sample)
        with (
            billing_workers.ours(bench.shipped, bench.place) as ours,
            billing_workers.floor(bench.place) as floor,
        ):
            for part in batched(refs, PART, strict=False):
                _part(found, bench, ours, floor, part)
        after = images(bench.admin, sample)
        found.reckon(before, after | images_of_numbers(bench.admin, found.ours[0].answer))
    finally:
        with suppress(bench.admin.exceptions.ClientError):  # it is large, and gone soon anyway
            bench.admin.delete_table(TableName=FLOOR_TABLE)
    return found


def _part(found: Packed, bench: Bench, ours: Process, floor: Process, refs: Sequence[Ref]) -> None:
    kept, path = bench.scratch / "kept", bench.scratch / "floor"
    run = ours.do({"refs": refs, "keep": [str(kept)]})
    if None in run.answer:
        raise RuntimeError("not all drafts were finalized")
    found.note(run, kept, path, floor, read_units)
