// What an operator types to make what lacks, by the programs that come with Kafka; admin.properties is the operator's own. No password is in a command. Pure.
import { type AclOperation, type Grant } from '#hub'
import { type Missing } from './missing.ts'

export interface CommandPlace {
  readonly bootstrap: string
  /** The file in which a user's password lies for kafka-configs.sh. */
  readonly passwordFile: (user: string) => string
}

/** What one lacks, in a line, and the commands for it. */
export interface Told {
  readonly line: string
  readonly commands: readonly string[]
}

const quoted = (text: string): string => (/^[A-Za-z0-9_.,:=/@-]+$/.test(text) ? text : `'${text}'`)

const settingsOf = (configs: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(configs).map(([name, value]) => `${name}=${String(value)}`)

/** `describe-configs` → `DescribeConfigs`. */
const operationOf = (operation: AclOperation): string =>
  operation.replaceAll(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase())

const resourceOf = ({ resource, name = '' }: Grant): string =>
  resource === 'cluster' ? '--cluster' : `--${resource} ${quoted(name)}`

const isPrefixed = ({ resource, match }: Grant): boolean => resource !== 'cluster' && match === 'prefixed'

type Of<Kind extends Missing['kind']> = Extract<Missing, { readonly kind: Kind }>
type Run = (program: string, ...args: readonly string[]) => string

/** What no command mends. */
const remark = (line: string): Told => ({ line, commands: [`# ${line}`] })

const topicTold = ({ topic, why }: Of<'topic'>, run: Run): Told => {
  const { name, partitions = 1, replicas, configs = {} } = topic
  const copies = replicas === undefined ? [] : [`--replication-factor ${replicas}`]
  const settings = settingsOf(configs).map(setting => `--config ${setting}`)
  const args = ['--create --if-not-exists', `--topic ${name}`, `--partitions ${partitions}`, ...copies, ...settings]
  return {
    line: why === undefined ? `topic ${name}` : `topic ${name}: ${why}`,
    commands: [run('kafka-topics.sh', ...args)],
  }
}

const settingsTold = ({ topic, configs }: Of<'settings'>, run: Run): Told => {
  const settings = settingsOf(configs).join(',')
  const args = ['--alter', '--entity-type topics', `--entity-name ${topic}`, `--add-config ${settings}`]
  return { line: `topic ${topic} needs ${settings}`, commands: [run('kafka-configs.sh', ...args)] }
}

const userTold = ({ login: { user }, isGiven }: Of<'user'>, run: Run, file: string): Told => {
  if (isGiven) return remark(`user ${user}: the password of the file does not let it in`)
  const args = ['--alter', '--entity-type users', `--entity-name ${user}`, `--add-config-file ${quoted(file)}`]
  return { line: `user ${user}: it cannot log in`, commands: [run('kafka-configs.sh', ...args)] }
}

/** One command a user and kind of right: each starts a Java program. */
const rightsTold = ({ grants }: Of<'rights'>, run: Run): Told => {
  const alike = Map.groupBy(grants, one => [one.user, isPrefixed(one), ...one.operations].join(' '))
  const commands = [...alike.values()].map(own =>
    run(
      'kafka-acls.sh',
      '--add',
      `--allow-principal User:${own[0]?.user}`,
      ...(own[0]?.operations ?? []).map(operation => `--operation ${operationOf(operation)}`),
      ...own.map(resourceOf),
      ...(own.some(isPrefixed) ? ['--resource-pattern-type prefixed'] : []),
    ),
  )
  const users = [...new Set(grants.map(({ user }) => user))].join(', ')
  return { line: `${grants.length} rights of ${users}`, commands }
}

export const told = (missing: Missing, { bootstrap, passwordFile }: CommandPlace): Told => {
  const run: Run = (program, ...args) =>
    [`${program} --bootstrap-server ${bootstrap} --command-config admin.properties`, ...args].join(' ')
  if (missing.kind === 'topic') return topicTold(missing, run)
  if (missing.kind === 'settings') return settingsTold(missing, run)
  if (missing.kind === 'user') return userTold(missing, run, passwordFile(missing.login.user))
  if (missing.kind === 'rights') return rightsTold(missing, run)
  if (missing.kind === 'transactions')
    return remark(`transactions, without which nothing is exactly once: ${missing.why}`)
  const { topic, partitions, found } = missing
  return remark(
    `topic ${topic} has ${found} partitions and needs ${partitions}, fixed when a topic is made: have it made anew, or give a Kafka that no other node uses`,
  )
}
