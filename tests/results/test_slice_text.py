"""Errors by slice in words."""

from mnist_sweep.results.slice_text import hardest_slices, slice_rows
from mnist_sweep.results.slices import SliceError

FIRST = [SliceError("class", "3", 1000, 0.01, 0.005, 0.02), SliceError("class", "9", 900, 0.02, 0.01, 0.03),
         SliceError("series", "4", 50, 0.1, 0.05, 0.2)]  # fmt: skip


def test_a_row_has_a_cell_for_each_network() -> None:
    rows = slice_rows([FIRST, FIRST[:2]])
    assert rows == [
        ["class 3", "1,000", "1.00% (0.50% to 2.00%)", "1.00% (0.50% to 2.00%)"],
        ["class 9", "900", "2.00% (1.00% to 3.00%)", "2.00% (1.00% to 3.00%)"],
    ]
    assert slice_rows([]) == []


def test_the_hardest_of_each_kind_is_named() -> None:
    assert hardest_slices(FIRST) == ["class 9, 2.0% wrong (1.0% to 3.0%)", "series 4, 10.0% wrong (5.0% to 20.0%)"]
