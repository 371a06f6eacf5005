"""The process in a filter's container: loads one author's filter and evaluates the batches whose places it is told. Trusted by nobody outside."""
import signal
import sys

import fixed
import wire
from author_filter import AuthorFilter, LoadFailure
from cells import Cells
from frame import place
from layout import tree_of
from logs import Log
from records import record_class

RING = "/ring/ring"


class Host:
    def __init__(self):
        self._wire = wire.Wire()
        self._cells = None
        self._log = sys.stdout = sys.stderr = Log()
        self._layouts, self._loaded, self._views = {}, {}, {}

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
        self._views = {key: view for key, view in self._views.items() if key[0] != slot}

    def _evaluate(self, message):
        number, records = message["layout"], []
        at = place(self._layouts[number], message)
        cells = self._cells
        if cells is None or at.end > cells.count:
            # The ring has grown: its memory is mapped anew.
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
        """How a filter sees the batch: the class of its alerts, or all its columns."""
        loaded = self._loaded[slot]
        known = self._views.get((slot, number))
        if known is None:
            tree = tree_of(loaded.reads, loaded.offers, self._layouts[number])
            alert_type = None if loaded.batched else record_class(tree, self._cells, loaded.wants)
            known = self._views[slot, number] = tree, alert_type
        tree, alert_type = known
        if loaded.batched is None:
            return alert_type, None
        from batch import Columns

        return None, Columns(tree, self._cells, rows, loaded.wants)


if __name__ == "__main__":
    # To stop a container is to kill it; a signal that can be caught is the filter's own.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fixed.install()
    Host().run()
