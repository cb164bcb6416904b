import pytest

from tallybook.errors import Busy, StaleVersion
from tallybook.versions import VersionChanged, etag, must_match, until_unchanged


@pytest.mark.parametrize("if_match", [None, "*", '"3"', '"1", "3"', ' "3" '])
def test_the_current_version_or_any_is_accepted(if_match: str | None):
    must_match(if_match, etag(3))


@pytest.mark.parametrize("if_match", ['"2"', "3", 'W/"3"', "", '"3', '"33"'])
def test_every_other_version_is_stale(if_match: str):
    with pytest.raises(StaleVersion):
        must_match(if_match, etag(3))


def test_an_edit_is_repeated_until_nobody_was_quicker():
    rivals = iter([True, True, False])

    def edit() -> str:
        if next(rivals):
            raise VersionChanged
        return "done"

    assert until_unchanged(edit) == "done"


def test_an_edit_that_always_loses_gives_up():
    def edit() -> None:
        raise VersionChanged

    with pytest.raises(Busy):
        until_unchanged(edit)


def test_whoever_asked_is_answered_before_the_function_runs_out_of_time(
    monkeypatch: pytest.MonkeyPatch,
):
    clock = iter([0.0, 3.0, 8.1])
    monkeypatch.setattr("tallybook.versions.monotonic", lambda: next(clock))
    attempts = []

    def edit() -> None:
        attempts.append(1)
        raise VersionChanged

    with pytest.raises(Busy):
        until_unchanged(edit)
    assert len(attempts) == 2
