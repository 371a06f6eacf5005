"""The ring's memory, read-only, as cells of eight bytes, and the places of the batch at hand."""
import mmap
import os

from alerts.cutout import Cutout

NULL_HIGH = 0x7FF86E75
CELL_BYTES = 8
# More cells than any ring has.
_FAR = 1 << 40


class Cells:
    """
    `at[k] + i` is the cell of column number k for row or item i, where the rows and items of a batch count from its `base`: what is kept of an
    earlier batch lies outside of all memory. The memory never changes its place while this object lives.
    """

    def __init__(self, path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            size = os.fstat(descriptor).st_size // CELL_BYTES * CELL_BYTES
            self.bytes = memoryview(mmap.mmap(descriptor, size, prot=mmap.PROT_READ))
        finally:
            os.close(descriptor)
        self.count = size // CELL_BYTES
        self.numbers, self.longs, self.units = self.bytes.cast("d"), self.bytes.cast("q"), self.bytes.cast("H")
        self.at, self.base = [], 0
        self._text = self._binary = 0
        self._texts, self._array = {}, None

    def begin(self, place):
        self.base += _FAR
        self.columns = place.columns
        self._text, self._binary = place.text, place.binary
        self._texts.clear()

    def end(self):
        """Nothing can be read any more by what was kept."""
        self.at.clear()

    def arrange(self, numbers):
        """From now on column number k is that of the batch whose number is `numbers[k]`."""
        self._first = [self.columns[number] for number in numbers]
        self.at[:] = [first - self.base for first in self._first]

    def string(self, value):
        if value >= 0:
            return chr(int(value))
        index = int(-value) - 1
        known = self._texts.get(index)
        if known is None:
            first = self._text * 4 + index
            units = self.units[first + 1 : first + 1 + self.units[first]]
            known = self._texts[index] = bytes(units).decode("utf-16-le", "replace")
        return known

    def blob(self, value):
        first = self._binary * CELL_BYTES + int(value) // (1 << 24)
        return Cutout(self.bytes[first : first + int(value) % (1 << 24)])

    def array(self, column, count):
        """A column as float64; NumPy is loaded when the first filter asks for it."""
        if self._array is None:
            import numpy

            self._array = numpy.frombuffer(self.bytes, dtype="f8")
        first = self._first[column]
        return self._array[first : first + count]
