// The storage of a broker: formatted once, with the administrator's salted password in it.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HubError } from '../errors.ts'
import { saltPassword, SCRAM_ITERATIONS } from '../kafka/admin/scram-password.ts'
import { boundToParent, javaEnvironment } from './broker-command.ts'
import { renderProperties } from './server-properties.ts'
import { ADMIN_USER, brokerFiles, type BrokerSettings } from './settings.ts'

/** Two seconds are typical; it is there only to end one that hangs, since a start ends with it. */
const FORMAT_LIMIT_MS = 1_800_000
const ID_BYTES = 16

/** A new id of a cluster. Kafka's ids are 16 bytes in base64url; one that begins with a dash would be read as an option. */
export const clusterId = (): string => {
  const id = randomBytes(ID_BYTES).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}

/** Runs StorageTool. Its output is read for faults only: it prints the SCRAM keys. */
const runFormat = async ({ name, libs, java = 'java' }: BrokerSettings, cwd: string, argsFile: string) => {
  const args = [
    '-Xmx128m',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    join(libs, '*'),
    'kafka.tools.StorageTool',
    `@${argsFile}`,
  ]
  const bound = boundToParent(java, args)
  const child = spawn(bound.command, bound.args, {
    cwd,
    env: javaEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: FORMAT_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const { promise, resolve } = Promise.withResolvers<number | Error | null>()
  child.once('error', resolve)
  child.once('close', resolve)
  const end = await promise
  if (end === 0) return
  // StorageTool's complaints name files and reasons; lines about credentials are dropped all the same.
  const reason = complaint.split('\n').filter(line => line !== '' && !/scram|password|salt/i.test(line))
  const what = end instanceof Error ? end.message : `StorageTool ended with ${end ?? 'a signal'}: ${reason.join(' | ')}`
  const code = /No space left/.test(complaint) ? 'HUB_BROKER_DISK' : 'HUB_BROKER_FORMAT'
  throw new HubError(code, `The storage of broker ${name} could not be formatted in ${cwd}: ${what}`)
}

/** Formats the storage unless it is. Made aside and renamed, so that a format cut off at any point is begun anew. */
export const formatStorage = async (settings: BrokerSettings): Promise<void> => {
  const { data, formatting } = brokerFiles(settings.dir)
  await rm(formatting, { recursive: true, force: true })
  if (existsSync(join(data, 'meta.properties'))) return
  const properties = join(settings.dir, 'format.properties')
  const argsFile = join(settings.dir, 'format.args')
  const { iterations, salt, saltedPassword } = await saltPassword(
    settings.secrets.admin,
    settings.scramIterations ?? SCRAM_ITERATIONS,
  )
  const credential = [
    `name=${ADMIN_USER}`,
    `iterations=${iterations}`,
    `salt="${salt.toString('base64')}"`,
    `saltedpassword="${saltedPassword.toString('base64')}"`,
  ].join(',')
  const id = settings.cell?.clusterId ?? clusterId()
  const args = ['format', '-t', id, '-c', properties, '--add-scram', `SCRAM-SHA-512=[${credential}]`]
  try {
    await writeFile(properties, renderProperties(settings, 0, formatting), { mode: 0o600 })
    await writeFile(argsFile, args.join('\n'), { mode: 0o600 })
    await runFormat(settings, settings.dir, argsFile)
    await rename(formatting, data)
  } finally {
    await Promise.all([argsFile, properties].map(file => rm(file, { force: true })))
    await rm(formatting, { recursive: true, force: true })
  }
}
