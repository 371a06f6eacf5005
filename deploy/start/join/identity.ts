// Who a node is, in its folder: a key that never leaves it, the token it joins with, and, once it has joined, what it was told. All mode 0600.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { JoinAnswer } from '#api'
import { newServerKey } from '#hub'
import { parseConfig } from '../../processes/read-config.ts'
import { writePrivate } from '../layout/secrets.ts'

const IdentityFile = Type.Object({
  /** Of the hub's API. */
  apiUrl: Type.String(),
  /** Where the API and subscribers reach the node's broker; it is told anew when it changes. */
  address: Type.Object({ host: Type.String(), port: Type.Integer() }),
  /** With the same key it brings the same answer. */
  token: Type.String(),
  answer: JoinAnswer,
})
export type Identity = Static<typeof IdentityFile>
export type Address = Identity['address']

const identityFile = (dir: string): string => join(dir, 'identity.json')
export const keyFile = (dir: string): string => join(dir, 'node-key.pem')
const tokenFile = (dir: string): string => join(dir, 'join-token')

/** Undefined for a node that has not joined. Throws DeployError DEPLOY_CONFIG_INVALID. */
export const readIdentity = (dir: string): Identity | undefined => {
  const file = identityFile(dir)
  return existsSync(file) ? parseConfig(IdentityFile, file, readFileSync(file, 'utf8')) : undefined
}

/** From now on it has joined. */
export const writeIdentity = (dir: string, identity: Identity): void => {
  writePrivate(identityFile(dir), `${JSON.stringify(identity, undefined, 2)}\n`)
  rmSync(tokenFile(dir), { force: true })
}

/** The node's key (PEM), made once: whoever repeats a join shows by it that it is the same node. */
export const ownKey = async (dir: string): Promise<string> => {
  const file = keyFile(dir)
  if (!existsSync(file)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writePrivate(file, await newServerKey())
  }
  return readFileSync(file, 'utf8')
}

/** A token that was used, perhaps, before a kill. */
export const readToken = (dir: string): string | undefined =>
  existsSync(tokenFile(dir)) ? readFileSync(tokenFile(dir), 'utf8').trim() : undefined

/** To be called before the token is used: a join that is cut off is repeated with it. */
export const writeToken = (dir: string, token: string): void => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  writePrivate(tokenFile(dir), `${token}\n`)
}
