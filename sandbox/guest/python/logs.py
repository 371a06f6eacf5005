"""What a filter prints: kept up to a limit, never blocking."""
import io


class Log(io.TextIOBase):
    def __init__(self):
        self._limit = 0
        self.begin(0)

    def begin(self, limit):
        self._limit, self._left, self._parts, self._dropped = limit, limit, [], 0

    def writable(self):
        return True

    def write(self, text):
        text = str(text)
        kept = text[: self._left]
        self._left -= len(kept)
        if kept:
            self._parts.append(kept)
        if len(kept) < len(text):
            self._dropped += 1
        return len(text)

    def take(self):
        """Lines since begin, and how many writes were cut or dropped."""
        lines = "".join(self._parts).split("\n")
        return [line for line in lines if line], self._dropped
