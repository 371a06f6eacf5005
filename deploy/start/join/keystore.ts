// The node's key and the certificate that its join brought, in the one file that Kafka reads.
import { readFileSync } from 'node:fs'
import { type JoinAnswer } from '#api'
import { caFile, keystoreFile } from '../layout/node-layout.ts'
import { writePrivate } from '../layout/secrets.ts'
import { keyFile } from './identity.ts'

/** Nothing where the system speaks plain text; the authority alone for a node without a broker of its own. */
export const writeKeystore = (dir: string, { certificate, ca }: Pick<JoinAnswer, 'certificate' | 'ca'>): void => {
  if (ca === undefined) return
  writePrivate(caFile(dir), ca)
  if (certificate === undefined) return
  const parts = [readFileSync(keyFile(dir), 'utf8'), certificate, ca]
  writePrivate(keystoreFile(dir), parts.map(part => `${part.trim()}\n`).join(''))
}
