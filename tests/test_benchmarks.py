"""Figures of the README are those of the last run of `make bench`."""

from benchmarks import readme


def test_the_tables_of_the_readme_are_the_last_results():
    text = readme.README.read_text()
    assert text.count("<!-- bench: ") == 2
    assert readme.filled(text) == text, "run: python -m benchmarks NAME, or make bench"


def test_a_block_is_written_anew_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "speed.json").write_text('{"rushes_cascade": {"ratio": 1.5}}')
    (tmp_path / "speed.md").write_text("# speed\n\n2026-01-01, commit abc\n")
    monkeypatch.setattr(readme, "RESULTS", tmp_path)
    page = "before\n<!-- bench: speed -->\nold\n<!-- /bench -->\nafter\n"
    found = readme.filled(page)
    assert "| Rushes, scan + cut, network where in doubt | 1.50 |" in found
    assert "[2026-01-01, commit abc](benchmarks/results/speed.md)" in found
    assert "old" not in found
    assert (found.startswith("before\n"), found.endswith("after\n")) == (True, True)
    assert readme.filled(found) == found
