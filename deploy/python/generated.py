"""Expressions over an alert, made at random: any of them must give on our records what it gives on the dict of the same packet."""

ABSENT = ["noSuchField", "psfflux", "items", ""]


class Expressions:
    """`names` are the fields of each kind of record: `alert`, and each record and list in it."""

    def __init__(self, random, names):
        self._random, self._names = random, names

    def make(self, depth=3):
        """The text of an expression over `alert`."""
        where = self._random.choice(sorted(self._names))
        if where.endswith("[]"):
            return self._over_list(f'alert["{where[:-2]}"]', where, depth)
        return self._over_record(f'alert["{where}"]' if where != "" else "alert", where, depth)

    def _name(self, where):
        return self._random.choice(self._names[where]) if self._random.random() < 0.9 else self._random.choice(ABSENT)

    def _over_record(self, text, where, depth):
        one, two = self._name(where), self._name(where)
        key = self._random.choice([repr(one), "f\"{" + repr(one[:3]) + "}" + one[3:] + "\"", f"{one[:2]!r} + {one[2:]!r}", f"''.join([{one[:1]!r}, {one[1:]!r}])"])
        value = self._random.choice([f"{text}[{key}]", f"{text}.get({key})", f"{text}.get({key}, {two!r})", f"dict({text})[{key}]", f"{{**{text}}}[{key}]"])
        return self._random.choice([
            value,
            f"{value} is None",
            f"({value} or 0) > ({text}.get({two!r}) or 0)",
            f"{value} == {text}[{two!r}]",
            f"str({value})",
            f"'{{}}'.format({value})",
            f"type({value})",
            f"{key} in {text} and {value} is not None",
            f"len({text}) + len({text}.keys())",
            f"[name for name in {text} if name.startswith({one[:1]!r})]",
            f"[{text}[name] for name in ({one!r}, {two!r})]",
            f"[value for name, value in {text}.items() if name > {one!r}][:3]",
            f"{{name: {text}[name] for name in sorted({text})[:4]}}",
            f"sum(value is None for value in {text}.values())",
            f"{text} == {{**{text}, {one!r}: 1}}",
            f"({text} | {{{one!r}: 1}})[{two!r}]",
            f"bool({text}) and {value}",
            f"getattr({text}, 'items')().__len__()",
            f"next((name for name, value in {text}.items() if value is None), 'none')",
        ])

    def _over_list(self, text, where, depth):
        one = self._name(where)
        item = self._over_record("item", where, depth - 1)
        some = f"({text} or [])"
        return self._random.choice([
            f"len({text})",
            f"[{item} for item in {some}]",
            f"[{item} for item in {some} if item[{one!r}] is not None]",
            f"any({item} for item in {some})",
            f"{some}[:2]",
            f"{some}[-1:] == {some}[len({some}) - 1:]",
            f"sorted({some}, key=lambda item: str(item[{one!r}]))[:1]",
            f"{text}[0][{one!r}]",
            f"{text}.sort(key=lambda item: str(item.get({one!r}))) or [item.get({one!r}) for item in {text}]",
            f"{some} and {some}[0] == {some}[-1]",
        ])
