"""When a record could first be read by a read_committed reader, from the segments of a broker's log: clients are not told."""
import bisect
import pathlib
import struct

# base offset, length behind it, leader epoch, magic, CRC, attributes, last offset's delta, base and max timestamp, producer id.
HEADER = struct.Struct(">qiibIhiqqq")
LENGTH_AT = 12
TRANSACTIONAL, CONTROL = 0x10, 0x20


def batches(directory):
    """Yields (first offset, attributes, newest timestamp, producer id) of every batch, in order."""
    for segment in sorted(pathlib.Path(directory).glob("*.log")):
        size = segment.stat().st_size
        with segment.open("rb") as file:
            at = 0
            while at + HEADER.size <= size:
                file.seek(at)
                base, length, _, _, _, attributes, _, _, newest, producer = HEADER.unpack(file.read(HEADER.size))
                if length <= 0:
                    break
                yield base, attributes, newest, producer
                at += LENGTH_AT + length


class CommitTimes:
    """A reader sees a record when its own transaction and all that began before it have ended."""

    def __init__(self, directory):
        opened, ended = {}, []
        for base, attributes, newest, producer in batches(directory):
            if attributes & CONTROL:
                if producer in opened:
                    ended.append((opened.pop(producer), newest))
            elif attributes & TRANSACTIONAL:
                opened.setdefault(producer, base)
        ended.sort()
        self.first, self.seen = [], []
        for first, end in ended:
            self.first.append(first)
            self.seen.append(max(end, self.seen[-1] if self.seen else 0))

    def of(self, offset):
        """Milliseconds since 1970."""
        at = bisect.bisect_right(self.first, offset) - 1
        return self.seen[at] if at >= 0 else 0


class BrokerLog:
    """The commit times of one broker's partitions, read when first asked for."""

    def __init__(self, data):
        self.data, self.known = data, {}

    def time(self, topic, partition, offset):
        key = f"{topic}-{partition}"
        if key not in self.known:
            self.known[key] = CommitTimes(pathlib.Path(self.data) / key)
        return self.known[key].of(offset)
