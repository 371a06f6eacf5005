"""What a filter returned → drop, pass or error of that alert, and the reply of a batch; the same rules and form as the isolates'."""
import math
import struct
from json import dumps

import wire
from log import units

FORMS = "return True, False, a number or {pass, score, annotations}"
MESSAGE_CHARS = 500
ANNOTATION_BUDGET = 64


class Refused(Exception):
    """An unusable verdict; its text is for the author."""


class Verdicts:
    def __init__(self, rows, annotation_chars, note):
        self._note = note
        self._annotation_chars = annotation_chars
        self._rows, self._first_error = rows, None
        self.errored = bytearray(_words(rows) * 4)
        self.clear()

    def clear(self):
        """Forgets what passed."""
        self.passed, self._scores, self._annotations = bytearray(_words(self._rows) * 4), None, []
        self._left = ANNOTATION_BUDGET * self._annotation_chars

    def is_whole(self):
        """Whether there is a bit and, with scores, a number for each row: what only looks like an array may have given any number of them."""
        scores = self._scores
        return len(self.passed) == len(self.errored) and (
            scores is None or (type(scores) is list and len(scores) == self._rows and all(type(s) is float for s in scores))
        )

    def add(self, row, verdict):
        """Judges one verdict; raises Refused."""
        if verdict is True:
            self.passed[row >> 3] |= 1 << (row & 7)
            return
        if verdict is None or verdict is False:
            return
        score, notes = None, None
        if isinstance(verdict, dict):
            if "pass" not in verdict:
                raise Refused(f'returned a dict without "pass"; {FORMS}')
            score, notes, verdict = verdict.get("score"), verdict.get("annotations"), verdict["pass"]
        passes, own_score = self._simple(verdict)
        if not passes:
            return
        if score is not None:
            score = _number(score)
            if score is None or not 0 < score < math.inf:
                raise Refused("returned a score that is not a positive number")
        if notes is not None:
            self._annotations.append([row, self._annotation(notes)])
        self._pass(row, own_score if score is None else score)

    def add_array(self, values):
        """Judges NumPy verdicts of all rows at once; False when they are of a type that has to be looked at one by one."""
        import numpy

        kind = values.dtype.kind
        if values.ndim != 1 or kind not in "biuf":
            return False
        if isinstance(values, numpy.ma.MaskedArray):
            # What is masked does not pass, whatever lies below the mask.
            values = numpy.where(numpy.ma.getmaskarray(values), False, numpy.ma.getdata(values))
        if kind == "b":
            passing = values
        else:
            infinite = numpy.isposinf(values) if kind == "f" else None
            if infinite is not None and infinite.any():
                return False
            passing = values > 0
            if passing.any():
                self._scores = numpy.where(passing, values, math.nan).tolist()
        packed = numpy.packbits(passing, bitorder="little").tobytes()
        self.passed[: len(packed)] = packed
        return True

    def _pass(self, row, score):
        self.passed[row >> 3] |= 1 << (row & 7)
        if score is not None:
            if self._scores is None:
                self._scores = [math.nan] * self._rows
            self._scores[row] = score

    @staticmethod
    def _simple(verdict):
        if verdict is None or verdict is False or type(verdict).__name__ == "MaskedConstant":
            return False, None
        if verdict is True or type(verdict).__name__ in ("bool", "bool_"):
            return bool(verdict), None
        number = _number(verdict)
        if number is None:
            raise Refused(f"returned a {type(verdict).__name__}; {FORMS}")
        if number == math.inf:
            raise Refused("returned infinity; a score is a positive number that is finite")
        return number > 0, number

    def _annotation(self, notes):
        if not isinstance(notes, (dict, list)):
            raise Refused(f"returned annotations that are a {type(notes).__name__}; give a dict")
        try:
            text = _json(notes)
        except (TypeError, ValueError, RecursionError):
            raise Refused("returned annotations that have no JSON") from None
        length = units(text)
        if length > self._annotation_chars:
            raise Refused(f"returned annotations of {length} characters of JSON; {self._annotation_chars} are allowed")
        self._left -= length
        if self._left < 0:
            raise Refused("the annotations of one batch are too long; annotate fewer alerts")
        return text

    def fail(self, row, error):
        """Counts row `row` as an error; `error` has message, and line and column where known."""
        self.errored[row >> 3] |= 1 << (row & 7)
        if self._first_error is None:
            self._first_error = {"row": row, **error}
            self._note(error)

    def record(self, slot, cpu_ms, logs, logs_dropped):
        """The batch's record for one filter, as protocol/wire.ts has it."""
        extra = {}
        if self._first_error:
            extra["firstError"] = self._first_error
        if self._annotations:
            extra["annotations"] = self._annotations
        if logs or logs_dropped:
            extra["logs"], extra["logsDropped"] = logs, logs_dropped
        text = dumps(extra).encode() if extra else b""
        scores = b"" if self._scores is None else struct.pack(f"<{self._rows}d", *self._scores)
        header = wire.RECORD_HEADER.pack(slot, wire.SCORES if scores else 0, len(text), 0, cpu_ms)
        return b"".join([header, self.passed, self.errored, scores, text, bytes(-len(text) % 8)])


def wanting(slot, rows, cpu_ms, texts):
    """The record of a filter that has to be given more columns before it has a verdict."""
    text = dumps({"wants": texts}).encode()
    header = wire.RECORD_HEADER.pack(slot, 0, len(text), 0, cpu_ms)
    return b"".join([header, bytes(2 * 4 * _words(rows)), text, bytes(-len(text) % 8)])


def _words(rows):
    """Words of a bit for each row, as protocol/wire.ts pads them."""
    return ((rows + 63) >> 6) << 1


def _is_numpy(value):
    return type(value).__module__.partition(".")[0] == "numpy"


def _number(value):
    if isinstance(value, (int, float)) or _is_numpy(value):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            return None
    return None


# Beyond it a number of JSON loses digits wherever it is read as floating point.
_EXACT = 2**53 - 1


def _json(notes):
    return dumps(_written(notes), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _written(value):
    """As JavaScript filters write it: NaN and infinities are null, integers that no number holds exactly (ids) are text."""
    if isinstance(value, dict):
        return {name: _written(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(item) for item in value]
    if _is_numpy(value):
        return _written(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, int) and abs(value) > _EXACT else value
