"""A cutout's bytes, with its first image as an array."""
import gzip
import io


def prepare():
    """Loads what `array` needs, which takes longer than a batch may."""
    import astropy.io.fits
    import numpy


class Cutout(bytes):
    """FITS as it is in the packet (Rubin's plain, ZTF's gzipped)."""

    @property
    def array(self):
        """The first image as float32, rows by columns."""
        from astropy.io import fits
        import numpy

        data = gzip.decompress(self) if self[:2] == b"\x1f\x8b" else bytes(self)
        with fits.open(io.BytesIO(data), memmap=False) as units:
            return numpy.asarray(next(unit.data for unit in units if unit.data is not None), dtype="f4")
