"""What a filter reached that its batch does not carry: remembered, so that the batch can be run again with it."""

MAX_WANTS = 512


class Reached(BaseException):
    """Ends the row that reached something. Whoever catches it changes nothing: what was remembered decides."""


class Wants:
    def __init__(self):
        self._texts = {}

    def begin(self):
        self._texts.clear()

    def __bool__(self):
        return bool(self._texts)

    def reach(self, texts):
        """Remembers columns by their names for the trusted side; raises Reached if there are any."""
        for text in texts:
            if len(self._texts) < MAX_WANTS:
                self._texts[text] = True
        if texts:
            raise Reached("a field that this batch does not carry")

    def take(self):
        return list(self._texts)
