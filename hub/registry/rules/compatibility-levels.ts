// Whether one version of a schema can follow others: for each level (BACKWARD, FORWARD, FULL, …), which version must read what which one wrote. Pure.
import { type AvroNode } from '../../avro/schema/node.ts'
import { whyUnreadable } from './reader-compatibility.ts'

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
  readonly type: AvroNode
}

/** Why `candidate` cannot follow `earlier` (ascending) at this level; empty where it can. */
export const incompatibilities = (level: Level, candidate: AvroNode, earlier: readonly Earlier[]): string[] => {
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
