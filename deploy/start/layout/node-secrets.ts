// The secrets of a node's own: nobody else knows them, neither the hub nor other nodes. Made at its first start, kept in its folder with mode 0600.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { brokerFiles } from '#hub'
import { DeployError } from '../../errors.ts'
import { parseConfig } from '../../processes/read-config.ts'
import { newPassword, Secret, writePrivate } from './secrets.ts'

export const NodeSecretsFile = Type.Object(
  {
    /** Of the administrator of the node's broker. */
    admin: Secret,
    /** Of the administrator until now, while it gets a password of its own. */
    formerAdmin: Type.Optional(Secret),
    /** Between the broker and its controller. */
    broker: Secret,
    /** Of these two on the node's broker. */
    mirrorMaker: Secret,
    worker: Secret,
  },
  { additionalProperties: false },
)
export type NodeSecrets = Static<typeof NodeSecretsFile>

const fileIn = (dir: string): string => join(dir, 'secrets.json')

const read = (dir: string): NodeSecrets | undefined => {
  const file = fileIn(dir)
  return existsSync(file) ? parseConfig(NodeSecretsFile, file, readFileSync(file, 'utf8')) : undefined
}

const write = (dir: string, secrets: NodeSecrets): NodeSecrets => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  writePrivate(fileIn(dir), `${JSON.stringify(secrets, undefined, 2)}\n`)
  return secrets
}

/**
 * Reads the secrets of the node in `dir`, or makes them. A broker that has been there without them was made with the administrator's
 * password of the whole system, `systemAdmin`. Throws DeployError DEPLOY_DATA_DIR where that is not known.
 */
export const openNodeSecrets = (dir: string, systemAdmin: string | undefined): NodeSecrets => {
  const known = read(dir)
  if (known !== undefined) return known
  const isOld = existsSync(join(brokerFiles(dir).data, 'meta.properties'))
  if (isOld && systemAdmin === undefined)
    throw new DeployError(
      'DEPLOY_DATA_DIR',
      `The broker in ${dir} lacks its secrets.json, without which nobody can administer it. Restore that file, or remove ${dir} to begin anew.`,
    )
  return write(dir, {
    admin: newPassword(),
    ...(isOld && systemAdmin !== undefined ? { formerAdmin: systemAdmin } : {}),
    broker: newPassword(),
    mirrorMaker: newPassword(),
    worker: newPassword(),
  })
}

/** The administrator's password that the broker may still have. */
export const formerAdmin = (dir: string): string | undefined => read(dir)?.formerAdmin

/** The broker has the administrator's password of its own. */
export const forgetFormerAdmin = (dir: string): void => {
  const known = read(dir)
  if (known?.formerAdmin === undefined) return
  const { formerAdmin: _, ...secrets } = known
  write(dir, secrets)
}
