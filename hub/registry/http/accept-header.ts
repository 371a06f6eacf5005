// Which of the registry's content types an answer gets, by the request's Accept header. Pure.

/** The first is what is meant where anything is asked for. */
export const TYPES = [
  'application/vnd.schemaregistry.v1+json',
  'application/vnd.schemaregistry+json',
  'application/json',
] as const
type ContentType = (typeof TYPES)[number]

interface Range {
  readonly type: ContentType | undefined
  readonly weight: number
}

/** `*` alone, any type, and any kind of application are taken for the default; what is none of ours for nothing. */
const rangeOf = (text: string): Range => {
  const [name = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  const weight = Number(parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? 1)
  const isAny = name === '*' || name.startsWith('*/') || name === 'application/*'
  return { type: isAny ? TYPES[0] : TYPES.find(type => type === name), weight: Number.isFinite(weight) ? weight : 0 }
}

/** The type of the answer; undefined where the client takes none that there is. */
export const acceptedType = (accept: string | undefined): ContentType | undefined => {
  if (accept === undefined || accept.trim() === '') return TYPES[0]
  const [best] = accept
    .split(',')
    .map(rangeOf)
    .filter(({ type, weight }) => type !== undefined && weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
  return best?.type
}
