"""The process in a filter's container: loads one author's filter and evaluates the batches whose places it is told. Trusted by nobody outside."""
import mmap
import os
import sys

import fixed
import views
import wire
from author_filter import AuthorFilter, LoadFailure
from batch import Columns
from frame import place
from logs import Log

RING = "/ring/ring"


def open_ring():
    descriptor = os.open(RING, os.O_RDONLY)
    ring = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    os.close(descriptor)
    return ring


class Host:
    def __init__(self):
        self._wire = wire.Wire()
        self._cells = views.Cells(open_ring())
        self._log = sys.stdout = sys.stderr = Log()
        self._layouts, self._loaded = {}, {}

    def run(self):
        self._wire.send_json(wire.READY, {})
        while True:
            kind, message = self._wire.receive()
            if kind == wire.LAYOUT:
                self._layouts[message["layout"]] = message["set"]
                self._loaded = {slot: (filter_, {}) for slot, (filter_, _) in self._loaded.items()}
            elif kind == wire.LOAD:
                self._wire.send_json(wire.LOADED, self._load(message))
            elif kind == wire.UNLOAD:
                self._loaded.pop(message["slot"], None)
            elif kind == wire.EVALUATE:
                self._wire.send(wire.VERDICTS, self._evaluate(message))

    def _load(self, message):
        answer = {"seq": message["seq"], "slot": message["slot"]}
        try:
            loaded = AuthorFilter(message, self._log)
        except LoadFailure as failure:
            return {**answer, "ok": False, "reason": failure.reason, "error": failure.error}
        self._loaded[message["slot"]] = (loaded, {})
        return {**answer, "ok": True, "description": loaded.description}

    def _evaluate(self, message):
        layout, records = self._layouts[message["layout"]], []
        at = place(layout, message)
        cells = self._cells
        numbers = [*at.columns]
        for listed in at.lists:
            numbers += [listed.starts, listed.counts, *listed.columns]
        cells.begin(numbers, at.text, at.binary)
        times = cells.numbers[at.times : at.times + at.rows]
        ids = cells.longs[at.ids : at.ids + at.rows]
        for slot in message["slots"]:
            if slot not in self._loaded:
                continue
            loaded, known = self._loaded[slot]
            if message["layout"] not in known:
                known[message["layout"]] = self._views(layout, loaded.reads)
            alert_type, tree = known[message["layout"]]
            records.append(loaded.evaluate(slot, at.rows, alert_type, Columns(tree, cells, at.rows), times, ids))
        return wire.VERDICTS_HEADER.pack(message["seq"], len(records)) + b"".join(records)

    def _views(self, layout, reads):
        """How a filter sees batches of a layout: the class of its alerts and the tree of its columns."""
        numbers, count = {}, 0
        for column in layout["columns"]:
            numbers[(column["path"], None, False)] = count
            count += 1
        for listed in layout["lists"]:
            for place_ in ("starts", "counts"):
                numbers[(place_, listed["path"], True)] = count
                count += 1
            for column in listed["columns"]:
                numbers[(column["path"], listed["path"], False)] = count
                count += 1
        tree = views.tree_of(reads, lambda path, listed, place_=False: numbers[(path, listed, place_)])
        return views.record_class(tree, self._cells), tree


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(__file__))
    fixed.install()
    Host().run()
