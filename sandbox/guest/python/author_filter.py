"""One author's filter: loaded from its source, called for each alert or each batch."""
import resource
import sys
import types

import fixed
import verdicts
from alert_filter import AlertFilter
from verdicts import MESSAGE_CHARS, Refused


class LoadFailure(Exception):
    def __init__(self, reason, error):
        super().__init__(error["message"])
        self.reason, self.error = reason, error


def cpu_ms():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1000


class AuthorFilter:
    def __init__(self, message, log):
        self._file, self.limits, self.reads = message["fileName"], message["limits"], message["reads"]
        self._log = log
        self._moment = fixed.Moment(message["source"])
        log.begin(self.limits["logChars"])
        self._filter = self._load(message["source"])
        documented = (type(self._filter).__doc__ or "").strip()
        self.description = documented.split("\n")[0][:500]
        batched = getattr(self._filter, "filter_batch", None)
        self._batched = batched if callable(batched) else None
        self._single = self._filter.filter
        self.out_of_memory = False

    def _load(self, source):
        try:
            code = compile(source, self._file, "exec", dont_inherit=True)
        except SyntaxError as error:
            told = {"message": f"SyntaxError: {error.msg}"}
            if error.lineno:
                told.update(line=error.lineno, column=error.offset or 1)
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

    @staticmethod
    def _find(module):
        own = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, AlertFilter)]
        own = [value for value in own if value is not AlertFilter]
        if own:
            return own[-1]()
        if callable(getattr(module, "filter", None)):
            return module
        message = "the module has no class derived from AlertFilter and no function called filter: def filter(alert): ..."
        raise LoadFailure("no-filter", {"message": message, "line": 1, "column": 1})

    def evaluate(self, slot, rows, alert_type, columns, times, ids):
        """The record of a batch. `times` and `ids` give each alert's clock and seed."""
        found = verdicts.Verdicts(rows, self.limits["annotationChars"])
        self._log.begin(self.limits["logChars"])
        before = cpu_ms()
        begin = self._moment.begin
        results = None
        if self._batched is not None:
            begin(times[0], ids[0])
            results = self._batch(columns, rows, found)
        if self._batched is None:
            call = self._single
            for row in range(rows):
                begin(times[row], ids[row])
                try:
                    verdict = call(alert_type(row))
                    if verdict is not False and verdict is not None:
                        found.add(row, verdict)
                except BaseException as error:
                    found.fail(row, self.explain(error))
        elif results is not None:
            for row, verdict in results:
                try:
                    found.add(row, verdict)
                except Exception as error:
                    found.fail(row, self.explain(error))
        return found.record(slot, cpu_ms() - before, *self._log.take())

    def _batch(self, columns, rows, found):
        try:
            answer = self._batched(columns)
            if len(answer) != rows:
                raise Refused(f"filter_batch returned {len(answer)} verdicts for {rows} alerts; return one for each")
            listed = answer.tolist() if hasattr(answer, "tolist") else list(answer)
            return [(row, verdict) for row, verdict in enumerate(listed) if verdict is not False and verdict is not None]
        except BaseException as error:
            told = self.explain(error)
            for row in range(rows):
                found.fail(row, told)
            return None

    def explain(self, error):
        """Message, line and column in the author's file. Never raises, whatever was raised."""
        if isinstance(error, MemoryError):
            self.out_of_memory = True
        try:
            if isinstance(error, Refused):
                return {"message": str(error)[:MESSAGE_CHARS]}
            told = {"message": f"{type(error).__name__}: {error}"[:MESSAGE_CHARS]}
        except BaseException:
            return {"message": "raised something that cannot be shown"}
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._file:
                told["line"] = trace.tb_lineno
                position = list(trace.tb_frame.f_code.co_positions())[trace.tb_lasti // 2]
                if position[2] is not None:
                    told["column"] = position[2] + 1
            trace = trace.tb_next
        return told
