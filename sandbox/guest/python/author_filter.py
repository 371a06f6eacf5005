"""One author's filter: loaded from its source, called for each alert or each batch."""
import resource
import sys
import types

import fixed_clock
import verdicts
from alert_filter import AlertFilter
from alerts import cutout
from alerts.record_tree import tree_of
from alerts.wanted_columns import Wants
from preload import preload
from verdicts import MESSAGE_CHARS, Refused

NO_FILTER = "the module has no class derived from AlertFilter with filter(self, alert) or filter_batch(self, alerts), and no function called filter"


# Lines and columns beyond are none.
MAX_PLACE = 1_000_000


class LoadFailure(Exception):
    def __init__(self, reason, error):
        super().__init__(error["message"])
        self.reason, self.error = reason, error


def cpu_ms():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1000


def _clip(place):
    return min(max(1, int(place)), MAX_PLACE)


class AuthorFilter:
    def __init__(self, message, log):
        self._file, self.limits, self.reads = message["fileName"], message["limits"], message["reads"]
        self.offers = message.get("offers") or self.reads
        self.wants = Wants()
        self.tree = tree_of(self.reads, self.offers, self.reads)
        self._log = log
        self._moment = fixed_clock.Moment(message["source"])
        log.begin(self.limits["logChars"])
        made = self._load(message["source"])
        try:
            # A module's own docstring when the filter is a function.
            doc = getattr(made, "__doc__", None)
            self.description = str.strip(doc).split("\n")[0][:MESSAGE_CHARS] if isinstance(doc, str) else ""
            batched = getattr(made, "filter_batch", None)
            self.batched = batched if callable(batched) else None
            self._single = getattr(made, "filter", None)
        except BaseException as error:
            raise LoadFailure("error", self.explain(error)) from None
        self._prepare(message["source"])

    def _load(self, source):
        source = source.removeprefix("\ufeff")
        try:
            code = compile(source, self._file, "exec", dont_inherit=True)
        except SyntaxError as error:
            told = {"message": f"SyntaxError: {error.msg}"}
            if error.lineno:
                told.update(line=_clip(error.lineno), column=_clip(error.offset or 1))
            raise LoadFailure("syntax", told) from None
        except (ValueError, MemoryError, RecursionError) as error:
            raise LoadFailure("syntax", {"message": f"{type(error).__name__}: {error}"}) from None
        module = types.ModuleType("author")
        module.AlertFilter = AlertFilter
        sys.modules["author"] = module
        try:
            exec(code, module.__dict__)
            made = self._find(module)
            setup = getattr(made, "setup", None)
            if callable(setup):
                setup()
            return made
        except LoadFailure:
            raise
        except BaseException as error:
            raise LoadFailure("error", self.explain(error)) from None

    def _prepare(self, source):
        """Libraries are loaded while there is time for it: not in the first batch."""
        preload(source.removeprefix("\ufeff"))
        self._moment.prepare()
        columns = [*self.offers["columns"], *(column for listed in self.offers["lists"] for column in listed["columns"])]
        if self.batched is not None:
            from alerts.batch_columns import prepare

            prepare()
        if "array" in source and any(column["kind"] == "binary" for column in columns):
            cutout.prepare()

    @staticmethod
    def _find(module):
        own = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, AlertFilter)]
        own = [value for value in own if callable(getattr(value, "filter", getattr(value, "filter_batch", None)))]
        if own:
            return own[-1]()
        if callable(getattr(module, "filter", None)):
            return module
        raise LoadFailure("no-filter", {"message": NO_FILTER, "line": 1, "column": 1})

    def evaluate(self, slot, rows, first, alert_type, columns, times, ids, note):
        """
        The record of a batch whose rows count from `first`. `times` and `ids` give each alert's clock and seed; a whole batch has those of its first
        alert. `note` takes its first error. Once the filter reached what it does not carry, nothing else of it counts.
        """
        found = verdicts.Verdicts(rows, self.limits["annotationChars"], note)
        self._log.begin(self.limits["logChars"])
        self.wants.begin()
        before = cpu_ms()
        if self.batched is not None:
            self._moment.begin(times[0], ids[0])
            self._batch(columns, rows, found)
        else:
            self._rows(alert_type, first, times, ids, rows, found)
        spent = max(0.0, cpu_ms() - before)
        if self.wants:
            return verdicts.wanting(slot, rows, spent, self.wants.take())
        return found.record(slot, spent, *self._log.take())

    def _rows(self, alert_type, first, times, ids, rows, found):
        begin, call, add, make = self._moment.begin, self._single, found.add, dict.__new__
        for row in range(rows):
            begin(times[row], ids[row])
            try:
                alert = make(alert_type)
                alert._i = first + row
                verdict = call(alert)
                if verdict is not False and verdict is not None:
                    add(row, verdict)
            except BaseException as error:
                if not self.wants:
                    found.fail(row, self.explain(error))

    def _batch(self, columns, rows, found):
        try:
            answer = self.batched(columns)
            if len(answer) != rows:
                raise Refused(f"filter_batch returned {len(answer)} verdicts for {rows} alerts; return one for each")
            if hasattr(answer, "dtype") and found.add_array(answer):
                if not found.is_whole():
                    raise Refused("filter_batch returned what only looks like an array; return one of NumPy's, or a list")
                return
            listed = answer.tolist() if hasattr(answer, "tolist") else list(answer)
            if len(listed) != rows:
                raise Refused(f"filter_batch returned {len(listed)} verdicts for {rows} alerts; return one for each")
        except BaseException as error:
            if self.wants:
                return
            told = self.explain(error)
            found.clear()
            for row in range(rows):
                found.fail(row, told)
            return
        for row, verdict in enumerate(listed):
            try:
                found.add(row, verdict)
            except BaseException as error:
                found.fail(row, self.explain(error))

    def explain(self, error):
        """Message, line and column in the author's file. Never raises, whatever was raised."""
        try:
            if isinstance(error, Refused):
                return {"message": str(error)[:MESSAGE_CHARS]}
            told = {"message": f"{type(error).__name__}: {error}"[:MESSAGE_CHARS]}
        except BaseException:
            return {"message": "raised something that cannot be shown"}
        try:
            told.update(self._place(error))
        except BaseException:
            # An author may give an error any traceback, or none that can be read.
            pass
        return told

    def _place(self, error):
        place, trace = {}, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._file:
                position = list(trace.tb_frame.f_code.co_positions())[trace.tb_lasti // 2]
                place = {"line": _clip(trace.tb_lineno or 1), "column": _clip((position[2] or 0) + 1)}
            trace = trace.tb_next
        return place
