"""The frames between the trusted side and this container; the same as protocol/wire.ts, over stdin and a private copy of stdout."""
import os
import struct
from json import dumps, loads

LAYOUT, LOAD, UNLOAD, EVALUATE = 1, 2, 3, 4
READY, LOADED, VERDICTS, NOTED = 1, 2, 3, 4

HEADER = struct.Struct("<II")
VERDICTS_HEADER = struct.Struct("<II")
RECORD_HEADER = struct.Struct("<IIIId")
SCORES = 1

MAX_FRAME_BYTES = 1 << 22
# How this process ends when the other side closes the conversation, and when that makes no sense.
CLOSED, NONSENSE = 75, 76


class Wire:
    """Owns both descriptors, so that nothing a filter prints or reads can get between two frames."""

    def __init__(self):
        self._in = os.dup(0)
        self._out = os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.close(null)
        os.register_at_fork(after_in_child=self._leave)

    def _leave(self):
        """A process that a filter forked has no part in the conversation: it ends where it would speak."""
        os.close(self._in)
        os.close(self._out)
        self._out = None

    def _read(self, count):
        parts = []
        while count > 0:
            part = os.read(self._in, count)
            if not part:
                os._exit(CLOSED)
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def receive(self):
        """The next (kind, message); ends the process when the other side has closed."""
        length, kind = HEADER.unpack(self._read(HEADER.size))
        if length > MAX_FRAME_BYTES:
            os._exit(NONSENSE)
        return kind, loads(self._read(length))

    def send(self, kind, payload):
        if self._out is None:
            os._exit(CLOSED)
        frame = memoryview(HEADER.pack(len(payload), kind) + payload)
        while frame:
            frame = frame[os.write(self._out, frame):]

    def send_json(self, kind, message):
        self.send(kind, dumps(message).encode())
