// Which of several forms a caller wants, by its Accept header: the one it likes best, the first where it has no wish.

/** The chosen form. `*` and forms that are not offered decide nothing. */
export function chooseForm<F extends string>(
  accept: string | undefined,
  forms: Readonly<Record<F, readonly string[]>>,
): F {
  const all = Object.keys(forms) as F[]
  const wishes = (accept ?? '')
    .toLowerCase()
    .split(',')
    .map((part, at) => {
      const [type = '', ...parameters] = part.split(';').map(text => text.trim())
      const q = Number(parameters.find(text => text.startsWith('q='))?.slice(2) ?? 1)
      return { type, q: Number.isFinite(q) ? q : 0, at }
    })
    .filter(({ q }) => q > 0)
    .toSorted((a, b) => b.q - a.q || a.at - b.at)
  for (const { type } of wishes) {
    const form = all.find(name => forms[name].includes(type))
    if (form !== undefined) return form
  }
  return all[0]!
}
