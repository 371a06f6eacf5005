"""What a filter returned → drop, pass or error of that alert, and the reply of a batch; the same rules and form as the isolates'."""
import json
import math

import wire

FORMS = "return True, False, a number or {'pass', 'score', 'annotations'}"
MESSAGE_CHARS = 500
ANNOTATION_BUDGET = 64


class Refused(Exception):
    """An unusable verdict; its text is for the author."""


class Verdicts:
    def __init__(self, rows, annotation_chars):
        self._annotation_chars = annotation_chars
        self._left = ANNOTATION_BUDGET * annotation_chars
        words = ((rows + 63) >> 6) << 1
        self.passed, self.errored = bytearray(words * 4), bytearray(words * 4)
        self._rows, self._scores, self._annotations, self._first_error = rows, None, [], None

    def add(self, row, verdict):
        """Judges one verdict; raises Refused."""
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
            score = self._number(score)
            if score is None or not (0 < score < math.inf):
                raise Refused("returned a score that is not a positive number")
        text = None if notes is None else self._annotation(notes)
        if text is not None:
            self._annotations.append([row, text])
        self._pass(row, own_score if score is None else score)

    def _pass(self, row, score):
        self.passed[row >> 3] |= 1 << (row & 7)
        if score is not None:
            if self._scores is None:
                self._scores = [math.nan] * self._rows
            self._scores[row] = score

    @staticmethod
    def _number(value):
        if isinstance(value, (int, float)) or type(value).__module__ == "numpy":
            try:
                return float(value)
            except (TypeError, ValueError, OverflowError):
                return None
        return None

    def _simple(self, verdict):
        if verdict is None or verdict is False:
            return False, None
        if verdict is True or type(verdict).__name__ == "bool":
            return bool(verdict), None
        number = self._number(verdict)
        if number is None:
            raise Refused(f"returned a {type(verdict).__name__}; {FORMS}")
        if number == math.inf:
            raise Refused("returned infinity; a score is a positive number that is finite")
        return number > 0, number

    def _annotation(self, notes):
        if not isinstance(notes, (dict, list)):
            raise Refused(f"returned annotations that are a {type(notes).__name__}; give a dict")
        try:
            text = json.dumps(notes, default=_plain, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise Refused("returned annotations that have no JSON") from None
        if len(text) > self._annotation_chars:
            raise Refused(f"returned annotations of {len(text)} characters of JSON; {self._annotation_chars} are allowed")
        self._left -= len(text)
        if self._left < 0:
            raise Refused("the annotations of one batch are too long; annotate fewer alerts")
        return text

    def fail(self, row, error):
        """Counts row `row` as an error; `error` has message, and line and column where known."""
        self.errored[row >> 3] |= 1 << (row & 7)
        if self._first_error is None:
            self._first_error = {"row": row, **error}

    def record(self, slot, cpu_ms, logs, logs_dropped):
        """The batch's record for one filter, as wire.ts has it."""
        import struct

        extra = {}
        if self._first_error:
            extra["firstError"] = self._first_error
        if self._annotations:
            extra["annotations"] = self._annotations
        if logs or logs_dropped:
            extra["logs"], extra["logsDropped"] = logs, logs_dropped
        text = json.dumps(extra).encode() if extra else b""
        scores = b"" if self._scores is None else struct.pack(f"<{self._rows}d", *self._scores)
        flags = wire.SCORES if scores else 0
        header = wire.RECORD_HEADER.pack(slot, flags, len(text), 0, cpu_ms)
        return b"".join([header, self.passed, self.errored, scores, text, bytes(-len(text) % 8)])


def failed_record(slot, rows, reason, error):
    """A record that says the filter as a whole failed on this batch."""
    text = json.dumps({"failure": {"reason": reason, "error": error}}).encode()
    words = bytes((((rows + 63) >> 6) << 1) * 8)
    return b"".join([wire.RECORD_HEADER.pack(slot, wire.FAILED, len(text), 0, 0.0), words, text, bytes(-len(text) % 8)])


def _plain(value):
    if type(value).__module__ == "numpy":
        return value.tolist()
    raise TypeError
