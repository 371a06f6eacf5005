// The secrets of the hub: made at its first start, kept in <data dir>/secrets.json with mode 0600, never printed.
import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { parseConfig } from '../../processes/read-config.ts'

export const Secret = Type.String({ minLength: 16 })

export const SecretsFile = Type.Object(
  {
    /** The brokers' own user, between a broker and its controller. */
    broker: Secret,
    /** User of the hub → password. */
    users: Type.Record(Type.String(), Secret),
    redis: Secret,
    adminToken: Secret,
    /** 32 bytes in base64: the API seals what it must be able to read back. */
    platformKey: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }),
  },
  { additionalProperties: false },
)
export type Secrets = Static<typeof SecretsFile>

/** 24 random bytes: letters, digits, `-` and `_` only, so that it needs no quoting in any configuration. */
export const newPassword = (): string => randomBytes(24).toString('base64url')

/** Reads the secrets, making those that are missing: all at the first start, a user's when it is new. */
export const openSecrets = (dataDir: string, users: readonly string[]): Secrets => {
  const file = join(dataDir, 'secrets.json')
  const known: Secrets = existsSync(file)
    ? parseConfig(SecretsFile, file, readFileSync(file, 'utf8'))
    : {
        broker: newPassword(),
        users: {},
        redis: newPassword(),
        adminToken: `sky_${randomBytes(5).toString('hex')}_${randomBytes(20).toString('hex')}`,
        platformKey: randomBytes(32).toString('base64'),
      }
  const missing = users.filter(user => known.users[user] === undefined)
  if (existsSync(file) && missing.length === 0) {
    chmodSync(file, 0o600)
    return known
  }
  const secrets = {
    ...known,
    users: { ...known.users, ...Object.fromEntries(missing.map(user => [user, newPassword()])) },
  }
  writePrivate(file, `${JSON.stringify(secrets, undefined, 2)}\n`)
  return secrets
}

export const passwordOf = ({ users }: Secrets, user: string): string => {
  const password = users[user]
  if (password === undefined) throw new RangeError(`no password was made for user ${user}`)
  return password
}

/** Writes a file with mode 0600 so that after a crash at any point it is whole: the old one or the new one. */
export const writePrivate = (file: string, text: string): void => {
  const aside = `${file}.new`
  const handle = openSync(aside, 'w', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  chmodSync(aside, 0o600)
  renameSync(aside, file)
}

/** A file with a secret, made where it is missing; gives its name. */
export const openSecretFile = (file: string): string => {
  if (!existsSync(file)) writePrivate(file, `${newPassword()}\n`)
  return file
}

/** Who has it may change schemas in the registry. */
export const registryTokenFile = (dataDir: string): string => join(dataDir, 'registry-token')
