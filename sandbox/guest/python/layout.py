"""Which of a batch's columns a filter reads, by name: the tree its alerts and columns are made of."""


def tree_of(reads, layout):
    """
    Names as a tree: leaves are (kind, number), inner nodes dicts with the number of their `present` column under "", lists ("list", starts, counts,
    tree). Numbers are places in `Place.columns`; None where the layout lacks the column.
    """
    columns, lists = _numbers(layout)
    tree = {}
    for column in reads["columns"]:
        _plant(tree, column, columns)
    for listed in reads["lists"]:
        starts, known = lists.get(listed["path"], (None, {}))
        items = {}
        for column in listed["columns"]:
            _plant(items, column, known)
        *path, name = listed["path"].split(".")
        _branch(tree, path)[name] = ("list", starts, None if starts is None else starts + 1, items)
    return tree


def _numbers(layout):
    columns = {(column["path"], column["kind"]): number for number, column in enumerate(layout["columns"])}
    lists, count = {}, len(layout["columns"])
    for listed in layout["lists"]:
        own = {(column["path"], column["kind"]): count + 2 + number for number, column in enumerate(listed["columns"])}
        lists[listed["path"]] = (count, own)
        count += 2 + len(own)
    return columns, lists


def _branch(tree, path):
    for name in path:
        tree = tree.setdefault(name, {})
    return tree


def _plant(tree, column, numbers):
    *path, name = column["path"].split(".")
    number = numbers.get((column["path"], column["kind"]))
    if column["kind"] == "present":
        _branch(tree, [*path, name])[""] = number
    else:
        _branch(tree, path)[name] = (column["kind"], number)
