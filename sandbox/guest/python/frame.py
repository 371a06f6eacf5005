"""Where the parts of a batch lie in its frame: the same computation as frame.ts, in cells of eight bytes from the frame's start."""
from dataclasses import dataclass


@dataclass
class ListPlace:
    items: int
    starts: int
    counts: int
    columns: list


@dataclass
class Place:
    rows: int
    times: int
    ids: int
    columns: list
    lists: list
    text: int
    binary: int


def place(layout, message):
    """Places of every column of `layout` for the shape that an evaluate message tells, as absolute cell numbers of the ring."""
    rows = message["rows"]
    cell = message["offset"] // 8

    def take(cells):
        nonlocal cell
        cell += cells
        return cell - cells

    times, ids = take(rows), take(rows)
    columns = [take(rows) for _ in layout["columns"]]
    lists = []
    for definition, items in zip(layout["lists"], message["items"]):
        starts, counts = take(rows), take(rows)
        lists.append(ListPlace(items, starts, counts, [take(items) for _ in definition["columns"]]))
    text = take((message["textUnits"] + 3) // 4)
    return Place(rows, times, ids, columns, lists, text, cell)
