// Whether one version of a schema can follow others: whose bytes whom must be able to read, decided by avsc's resolvers. Pure.
import { type Type } from 'avsc'

export const LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const
export type Level = (typeof LEVELS)[number]
/** As Rubin's own registry: a survey's major versions break with those before them. Subjects may have a level of their own. */
export const DEFAULT_LEVEL: Level = 'NONE'

export const isLevel = (text: string): text is Level => LEVELS.some(level => level === text)

/** A registered version. */
export interface Earlier {
  readonly version: number
  readonly type: Type
}

/** Why `reader` cannot read what `writer` wrote. Surveys put the version into the namespace, so names are compared without it. */
const whyUnreadable = (reader: Type, writer: Type): string | undefined => {
  try {
    reader.createResolver(writer, { ignoreNamespaces: true })
    return undefined
  } catch (error) {
    // avsc compares names without looking whether both types have one.
    if (error instanceof TypeError) return `cannot read ${writer.typeName} as ${reader.typeName}`
    return error instanceof Error ? error.message : String(error)
  }
}

/** Why `candidate` cannot follow `earlier` (ascending) at this level; empty where it can. */
export const incompatibilities = (level: Level, candidate: Type, earlier: readonly Earlier[]): string[] => {
  if (level === 'NONE') return []
  const compared = level.endsWith('_TRANSITIVE') ? earlier : earlier.slice(-1)
  return compared.toReversed().flatMap(({ version, type }) => {
    const backward = level.startsWith('FORWARD') ? undefined : whyUnreadable(candidate, type)
    const forward = level.startsWith('BACKWARD') ? undefined : whyUnreadable(type, candidate)
    return [
      ...(backward === undefined ? [] : [`the new schema cannot read data of version ${version}: ${backward}`]),
      ...(forward === undefined ? [] : [`version ${version} cannot read data of the new schema: ${forward}`]),
    ]
  })
}
