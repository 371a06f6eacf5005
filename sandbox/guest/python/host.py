"""
The process in a filter's container. In come programs and the places of batches in the ring, out go the verdicts of one author's filters. Trusted by nobody outside.
"""
import signal
import sys

import fixed_clock
import wire
from alerts.cells import Cells
from alerts.frame_layout import place
from alerts.record_tree import numbers_of, tree_of
from alerts.records import record_class
from author_filter import AuthorFilter, LoadFailure
from log import Log

RING = "/ring/ring"


class Host:
    def __init__(self):
        self._wire = wire.Wire()
        self._cells = None
        self._log = sys.stdout = sys.stderr = Log()
        self._layouts, self._loaded, self._views, self._numbers = {}, {}, {}, {}

    def run(self):
        self._wire.send_json(wire.READY, {})
        while True:
            kind, message = self._wire.receive()
            if kind == wire.LAYOUT:
                self._layouts[message["layout"]] = message["set"]
            elif kind == wire.LOAD:
                self._wire.send_json(wire.LOADED, self._load(message))
            elif kind == wire.UNLOAD:
                self._unload(message["slot"])
            elif kind == wire.EVALUATE:
                self._wire.send(wire.VERDICTS, self._evaluate(message))

    def _load(self, message):
        answer = {"seq": message["seq"], "slot": message["slot"]}
        try:
            loaded = AuthorFilter(message, self._log)
        except LoadFailure as failure:
            return {**answer, "ok": False, "reason": failure.reason, "error": failure.error}
        self._loaded[message["slot"]] = loaded
        return {**answer, "ok": True, "description": loaded.description}

    def _unload(self, slot):
        self._loaded.pop(slot, None)
        for known in (self._views, self._numbers):
            for key in [key for key in known if key[0] == slot]:
                del known[key]

    def _evaluate(self, message):
        number, records = message["layout"], []
        at = place(self._layouts[number], message)
        cells = self._cells
        if cells is None or at.end > cells.count:
            # The ring has grown: its memory is mapped anew.
            if cells is not None:
                cells.end()
            cells = self._cells = Cells(RING)
            self._views.clear()
        cells.begin(at)
        times, ids = cells.numbers[at.times : at.times + at.rows], cells.longs[at.ids : at.ids + at.rows]

        def note(error):
            self._wire.send_json(wire.NOTED, {"seq": message["seq"], **error})

        for slot in message["slots"]:
            loaded = self._loaded[slot]
            alert_type, columns = self._view(slot, number, at.rows)
            records.append(loaded.evaluate(slot, at.rows, cells.base, alert_type, columns, times, ids, note))
        return wire.VERDICTS_HEADER.pack(message["seq"], len(records)) + b"".join(records)

    def _view(self, slot, number, rows):
        """How a filter sees the batch: the class of its alerts, or all its columns. One class does for all batches that have what it reads."""
        loaded, layout = self._loaded[slot], self._layouts[number]
        if (slot, number) not in self._numbers:
            self._numbers[slot, number] = numbers_of(loaded.reads, layout)
        numbers = self._numbers[slot, number]
        view = (slot, None if numbers is not None else number)
        if view not in self._views:
            tree = loaded.tree if numbers is not None else tree_of(loaded.reads, loaded.offers, layout)
            self._views[view] = tree, None if loaded.batched else record_class(tree, self._cells, loaded.wants)
        tree, alert_type = self._views[view]
        self._cells.arrange(numbers if numbers is not None else range(len(self._cells.columns)))
        if loaded.batched is None:
            return alert_type, None
        from alerts.batch_columns import Columns

        return None, Columns(tree, self._cells, rows, loaded.wants)


if __name__ == "__main__":
    # To stop a container is to kill it; a signal that can be caught is the filter's own.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fixed_clock.install()
    Host().run()
