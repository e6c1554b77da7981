"""history.csv is appended epoch by epoch and read up to the first row that is damaged."""

import pytest

from mnist_sweep.storage.history import append_history, begin_history, read_history

HISTORY = ("epoch", "loss", "f1", "seconds", "timestamp")

HEADER = ",".join(HISTORY)
ONE, TWO = ",".join(["1"] * len(HISTORY)), ",".join(["2.5"] * len(HISTORY))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        (f"{HEADER}\n", []),
        (f"{HEADER}\n{ONE}\n{TWO}\n", [1.0, 2.5]),
        (f"{HEADER}\r\n{ONE}\r\n", [1.0]),
        (f"{HEADER}\n{ONE}\n2.5", [1.0]),
        (f"{HEADER}\n{ONE}\n{TWO[:-1]}", [1.0]),  # cut within its last number
        (f"{HEADER}\n{ONE}\n{TWO.replace('2.5', 'nan', 1)}\n{ONE}\n", [1.0]),
        (f"epoch,loss\n{ONE}\n", []),
        (f"epoch,loss,loss,seconds,timestamp\n{ONE}\n", []),
    ],
)
def test_a_history_is_read_up_to_the_first_row_that_is_damaged(tmp_path, text, values):
    (tmp_path / "history.csv").write_text(text)
    assert read_history(tmp_path / "history.csv") == [dict.fromkeys(HISTORY, value) for value in values]


def test_a_history_that_is_not_there_is_empty(tmp_path):
    assert read_history(tmp_path / "history.csv") == []


def test_what_is_appended_is_read_to_the_last_bit(tmp_path):
    file = tmp_path / "history.csv"
    begin_history(file, HISTORY)
    assert read_history(file) == []
    rows = [{name: (epoch + 1) / (column + 3) for column, name in enumerate(HISTORY)} for epoch in range(3)]
    for row in rows:
        append_history(file, dict(reversed(row.items())), HISTORY)
    assert read_history(file) == rows
    begin_history(file, HISTORY)  # another try of the trial
    assert read_history(file) == []


def test_a_history_may_be_long(tmp_path):
    file = tmp_path / "history.csv"
    file.write_text(f"{HEADER}\n" + "".join(f"{step},0.123456789,0.123456789,0.5,1700000000.5\n"
                                            for step in range(1, 50_001)))  # fmt: skip
    assert file.stat().st_size > 2_000_000
    assert len(read_history(file)) == 50_000
