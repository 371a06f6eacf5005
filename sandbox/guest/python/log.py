"""What a filter prints: kept up to a limit, never blocking."""
import io

MAX_LINES = 100


def units(text):
    """Length in UTF-16 units, as the trusted side counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text, limit):
    """Its first UTF-16 units, in whole characters."""
    kept = text[:limit]
    return kept if kept.isascii() else kept.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")


class Log(io.TextIOBase):
    def __init__(self):
        self.begin(0)

    def begin(self, limit):
        self._limit = self._left = limit
        self._lines_left, self._parts, self._dropped = MAX_LINES, [], 0

    def writable(self):
        return True

    def write(self, text):
        # A text of a class of the author's may say anything of itself: only what it holds counts.
        text = str.__str__(text if isinstance(text, str) else str(text))
        kept = self._clip(text)
        if kept:
            self._parts.append(kept)
        if len(kept) < len(text) and text != "\n":
            self._dropped += 1
        return len(text)

    def _clip(self, text):
        if self._left <= 0 or self._lines_left <= 0:
            return ""
        kept = _cut(text, self._left)
        breaks = kept.count("\n")
        if breaks > self._lines_left:
            kept = "\n".join(kept.split("\n")[: self._lines_left])
        self._lines_left -= breaks
        self._left -= units(kept)
        return kept

    def take(self):
        """Lines since begin, and how many writes were cut or dropped."""
        # Threads that print at once may each have found the same room.
        lines = _cut("".join(self._parts), self._limit).split("\n")
        return [line for line in lines if line][:MAX_LINES], self._dropped
