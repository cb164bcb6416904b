import pytest

from tools import reference_data


def test_the_generated_modules_are_not_stale(capsys):
    assert reference_data.main(["--check"]) == 0, capsys.readouterr().out


def test_generating_twice_gives_the_same():
    assert reference_data.modules() == reference_data.modules()


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.setattr(reference_data, "PACKAGE", tmp_path)
    return tmp_path


def test_a_stale_or_missing_module_fails_the_check_and_is_left_alone(package, capsys):
    (package / "_currencies.py").write_text("DECIMALS = {}\n")
    assert reference_data.main(["--check"]) == 1
    assert "_currencies.py is stale" in capsys.readouterr().out
    assert (package / "_currencies.py").read_text() == "DECIMALS = {}\n"
    assert not (package / "_countries.py").exists()


def test_writing_makes_the_check_pass(package):
    assert reference_data.main([]) == 0
    assert reference_data.main(["--check"]) == 0
