"""What a filter prints: kept up to a limit, never blocking."""
import io

MAX_LINES = 100


def units(text):
    """Length in UTF-16 units, as the trusted side counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class Log(io.TextIOBase):
    def __init__(self):
        self.begin(0)

    def begin(self, limit):
        self._left, self._lines_left, self._parts, self._dropped = limit, MAX_LINES, [], 0

    def writable(self):
        return True

    def write(self, text):
        text = str(text)
        kept = self._clip(text)
        if kept:
            self._parts.append(kept)
        if len(kept) < len(text) and text != "\n":
            self._dropped += 1
        return len(text)

    def _clip(self, text):
        if self._left <= 0 or self._lines_left <= 0:
            return ""
        kept = text[: self._left]
        if not kept.isascii():
            kept = kept.encode("utf-16-le", "surrogatepass")[: 2 * self._left].decode("utf-16-le", "ignore")
        breaks = kept.count("\n")
        if breaks > self._lines_left:
            kept = "\n".join(kept.split("\n")[: self._lines_left])
        self._lines_left -= breaks
        self._left -= units(kept)
        return kept

    def take(self):
        """Lines since begin, and how many writes were cut or dropped."""
        lines = "".join(self._parts).split("\n")
        return [line for line in lines if line][:MAX_LINES], self._dropped
