"""Errors by slice in words, for the terminal, the report and the study's README.md."""

from collections.abc import Sequence

from mnist_sweep.results.slices import SliceError

COLUMNS = ("slice", "images")


def slice_rows(networks: Sequence[Sequence[SliceError]]) -> list[list[str]]:
    """Returns a row of text for every slice that all networks have: `COLUMNS`, and a cell for each network.

    Args:
        networks: The errors of each network by slice.
    """
    known = [{(one.column, one.value): one for one in network} for network in networks]
    rows = []
    for one in networks[0] if networks else ():
        cells = [network[one.column, one.value] for network in known if (one.column, one.value) in network]
        if len(cells) == len(known):
            texts = [f"{cell.error:.2%} ({cell.low:.2%} to {cell.high:.2%})" for cell in cells]
            rows.append([f"{one.column} {one.value}", f"{one.images:,}", *texts])
    return rows


def hardest_slices(network: Sequence[SliceError]) -> list[str]:
    """Returns the slice with the most errors of each column, in words."""
    found = []
    for column in dict.fromkeys(one.column for one in network):
        worst = max((one for one in network if one.column == column), key=lambda one: one.error)
        found.append(f"{column} {worst.value}, {worst.error:.1%} wrong ({worst.low:.1%} to {worst.high:.1%})")
    return found
