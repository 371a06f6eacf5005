"""
Arrays for the columns of a whole batch. `Whole` has a value everywhere and is an array like any other; `Nullable` lacks some: an answer that hangs on a
missing value is masked and passes nothing, every other is what it would be in a batch that lacks none.
"""
import functools

import numpy
from numpy import ma

_EMPTY = {"f": numpy.nan, "i": 0, "u": 0, "b": False, "U": "", "O": None}


class Whole(numpy.ndarray):
    """A plain array that also answers `.filled()` and `.mask`: whether a batch happens to lack a value must not decide whether a filter runs."""

    def filled(self, fill_value=None):
        return numpy.array(self)

    @property
    def mask(self):
        return numpy.zeros(self.shape, dtype=bool)


class Nullable(ma.MaskedArray, Whole):
    """
    A masked array whose operators are NumPy's own: those of numpy.ma also mask what is divided by zero, so that an alert's verdict would depend on
    whether another of its batch lacks a value. Below the mask are NaN, 0, False, "" and None, so that what loses its mask on the way does not pass
    either. (It is one of `Whole` because NumPy asks a subclass first.)
    """

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        data = [_bare(value) for value in inputs]
        options = {name: _bare(value) for name, value in options.items()}
        if out is not None:
            options["out"] = tuple(_bare(target) for target in out)
        run = getattr(ufunc, method)
        if ufunc.signature is not None or method in ("reduce", "at"):
            return run(*data, **options)
        # Taken before the result may be written over what it is made of.
        mask = _mask_of(ufunc, method, inputs, data)
        result = run(*data, **options)
        if mask is None:
            missing = ma.getmaskarray(inputs[0])
            return result | missing if ufunc is numpy.isnan else result & ~missing
        if isinstance(result, tuple):
            return tuple(_masked(*pair, mask) for pair in zip(result, out or [None] * len(result)))
        return _masked(result, out and out[0], mask)

    def __array_function__(self, func, types, args, kwargs):
        own = _OWN.get(func)
        return super().__array_function__(func, types, args, kwargs) if own is None else own(func, *args, **kwargs)

    def __getitem__(self, index):
        found = super().__getitem__(index)
        return None if found is ma.masked and self.dtype.kind == "O" else found

    def filled(self, fill_value=None):
        """A plain array with `fill_value` where there is no value; without one NaN, 0, False, "" or None."""
        if fill_value is None:
            return numpy.array(self.data)
        # Not cast to this array's type: "unknown" has more characters than any of its texts.
        return numpy.where(ma.getmaskarray(self), fill_value, self.data)


for _name in "add sub mul truediv floordiv mod divmod pow lshift rshift and or xor matmul".split():
    for _operator in (f"__{_name}__", f"__r{_name}__", f"__i{_name}__"):
        if hasattr(numpy.ndarray, _operator):
            setattr(Nullable, _operator, getattr(numpy.ndarray, _operator))
for _name in "neg pos abs invert lt le eq ne gt ge".split():
    setattr(Nullable, f"__{_name}__", getattr(numpy.ndarray, f"__{_name}__"))


def nullable(values, mask):
    """`values`, which have what stands for nothing where `mask` says so."""
    array = values.view(Nullable)
    array._mask = mask
    return array


def _bare(value):
    return value.data if isinstance(value, ma.MaskedArray) else value


def _masked(values, target, mask):
    if not isinstance(values, numpy.ndarray):
        return ma.masked if numpy.any(mask) else values
    if numpy.shape(mask) != values.shape:
        mask = numpy.array(numpy.broadcast_to(mask, values.shape))
    empty = _EMPTY.get(values.dtype.kind)
    if empty is not None:
        numpy.copyto(values, empty, where=mask)
    if target is None:
        target = numpy.asarray(values).view(Nullable)
    if isinstance(target, ma.MaskedArray):
        target._mask = mask
    return target


# They ask whether there is a value.
_TELLING = {numpy.isnan, numpy.isfinite, numpy.isinf}
_DECIDES = {numpy.logical_or: True, numpy.bitwise_or: True, numpy.logical_and: False, numpy.bitwise_and: False}
_BITWISE = {numpy.bitwise_or, numpy.bitwise_and}


def _mask_of(ufunc, method, inputs, data):
    """What of a result hangs on a missing value: `a | b` does not where the other is true, `a & b` where it is false, as in SQL. None: nothing ever does."""
    if method == "outer":
        return numpy.logical_or.outer(*map(ma.getmaskarray, inputs))
    masks = [ma.getmaskarray(value) if isinstance(value, ma.MaskedArray) else False for value in inputs]
    if method != "__call__":
        return getattr(numpy.logical_or, method)(masks[0], *data[1:])
    if ufunc in _TELLING:
        return None
    if len(masks) == 1:
        return masks[0]
    either = functools.reduce(numpy.logical_or, masks)
    if ufunc in (numpy.fmax, numpy.fmin):
        return masks[0] & masks[1]
    decides = _DECIDES.get(ufunc)
    if decides is None or ufunc in _BITWISE and any(numpy.asarray(value).dtype.kind != "b" for value in data):
        return either
    for mask, value in zip(masks, data):
        either &= ~(numpy.logical_not(mask) & (numpy.asarray(value).astype(bool) == decides))
    return either


def _where(func, condition, *choices):
    if not choices:
        return _bare(condition).nonzero()
    values = func(_bare(condition), *(_bare(choice) for choice in choices))
    chosen = func(_bare(condition), *(ma.getmaskarray(choice) for choice in choices))
    return _masked(values, None, chosen | ma.getmaskarray(condition))


def _select(func, conditions, choices, default=0):
    """An earlier condition whose answer is missing might have been the one that counts."""
    result = default
    for condition, choice in reversed(list(zip(conditions, choices))):
        result = numpy.where(condition, choice, result)
    return result


def _joined(func, parts, *args, **kwargs):
    values = func([_bare(part) for part in parts], *args, **kwargs)
    kwargs.pop("dtype", None)
    return _masked(values, None, func([ma.getmaskarray(part) for part in parts], *args, **kwargs))


def _like(place):
    """For functions whose result is missing where their argument number `place` is."""

    def call(func, *args, **kwargs):
        values = func(*(_bare(value) for value in args), **kwargs)
        return _masked(values, None, ma.getmaskarray(args[place])) if len(args) > place else values

    return call


def _plain(func, *args, **kwargs):
    """For functions that know NaN themselves, or only take the form of what they get."""
    return func(*(_bare(value) for value in args), **{name: _bare(value) for name, value in kwargs.items()})


_OWN = {
    numpy.where: _where,
    numpy.select: _select,
    **{getattr(numpy, name): _joined for name in "concatenate stack vstack hstack column_stack dstack".split()},
    **{getattr(numpy, name): _like(0) for name in "isin digitize interp".split()},
    numpy.searchsorted: _like(1),
    **{getattr(numpy, name): _plain for name in dir(numpy) if name.startswith("nan") and callable(getattr(numpy, name))},
    **{getattr(numpy, name): _plain for name in "zeros_like ones_like full_like empty_like median percentile quantile unique".split()},
}
