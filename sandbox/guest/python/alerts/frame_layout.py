"""Where the parts of a batch lie in its frame: the same computation as columns/frame-layout.ts, in cells of eight bytes of the ring."""
from dataclasses import dataclass


@dataclass
class Place:
    rows: int
    times: int
    ids: int
    """First cell of every column, and of starts, counts and columns of every list, in the order of the layout."""
    columns: list
    text: int
    binary: int
    end: int


def place(layout, message):
    """Places of every column of `layout` for the shape that an evaluate message tells."""
    rows = message["rows"]
    cell = message["offset"] // 8
    columns = []

    def take(cells):
        nonlocal cell
        cell += cells
        return cell - cells

    times, ids = take(rows), take(rows)
    for _ in layout["columns"]:
        columns.append(take(rows))
    for listed, items in zip(layout["lists"], message["items"]):
        columns += [take(rows), take(rows)]
        for _ in listed["columns"]:
            columns.append(take(items))
    text = take((message["textUnits"] + 3) // 4)
    return Place(rows, times, ids, columns, text, cell, cell + (message["binaryBytes"] + 7) // 8)
