// A Kafka that is somebody else's, brought to what a node or a hub needs: made where that is allowed; what lacks is told, waited for, and gone on with.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ADMIN_USER, type BrokerAccess, type ClusterAdmin, type Grant, HubError, openAdmin, openProducer } from '#hub'
import { DeployError } from '../../errors.ts'
import { type RetryContext, untilDone } from '../access/until-done.ts'
import { type Login } from '../layout/broker-access.ts'
import { kafkaAccess, type NodeKafka } from '../layout/node-layout.ts'
import { writePrivate } from '../layout/secrets.ts'
import { told } from './commands.ts'
import { isRefused, type Missing, tried } from './missing.ts'
import { type Needs } from './needs.ts'
import { ensureRights } from './rights-there.ts'
import { ensureTopic } from './topics-there.ts'

const PAUSE_MS = 5000
/** Of a login that is tried: a refusal is one, however often it is asked for. */
const LOGIN_RETRIES = 1
/** Brokers know of a new user some milliseconds after the controller. */
const NEW_LOGIN_TRIES = 30
const NEW_LOGIN_PAUSE_MS = 100
const CLIENT = 'skysieve-start'
const MAX_LINES = 12

export interface Preparing extends RetryContext {
  readonly kafka: NodeKafka
  /** The node's folder: what an operator is to type, and passwords of users that only an operator can make, are written there. */
  readonly dir: string
}

/** Works with the cluster as somebody, and closes the connection. */
const withAdmin = async <T>(
  access: BrokerAccess,
  work: (admin: ClusterAdmin) => Promise<T>,
  retries?: number,
): Promise<T> => {
  const admin = openAdmin(access, CLIENT, retries)
  try {
    return await work(admin)
  } finally {
    await admin.close().catch(() => undefined)
  }
}

/** A cluster as the file's user sees it. */
export interface KafkaView {
  /** Of the cluster. */
  readonly id: string
  /** Whether it can be asked to make users and ACLs. */
  readonly mayAdminister: boolean
  /** Without one there are no ACLs, and everybody may do everything. */
  readonly hasAuthorizer: boolean
}

/** Waits until it answers, and sees what may be done there. Throws DeployError DEPLOY_KAFKA where the file's user is not let in. */
export const reachKafka = (kafka: NodeKafka, retry: RetryContext): Promise<KafkaView> =>
  untilDone('kafka', retry, async () => {
    try {
      return await withAdmin(kafkaAccess(kafka, kafka.admin), viewOf, LOGIN_RETRIES)
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== 'HUB_NOT_AUTHORIZED') throw error
      throw new DeployError(
        'DEPLOY_KAFKA',
        `The Kafka at ${kafka.bootstrap} does not let ${kafka.admin.user} in: the user or the password of the file is not right, or it is no user of SCRAM-SHA-512 there. Correct the file and start again.`,
        { cause: error },
      )
    }
  })

const viewOf = async (admin: ClusterAdmin): Promise<KafkaView> => {
  const { id, operations } = await admin.viewCluster()
  const hasAuthorizer = await admin.listGrants(ADMIN_USER).then(
    () => true,
    (error: unknown) => {
      if (isRefused(error)) return (error as HubError).code === 'HUB_NOT_AUTHORIZED'
      throw error
    },
  )
  return { id, mayAdminister: operations.includes('alter'), hasAuthorizer }
}

/** Resolves when all that is needed is there. Throws the signal's reason, and what asking again would not change. */
export const prepareExisting = async (needs: Needs, preparing: Preparing): Promise<void> => {
  const { kafka, dir, note, signal } = preparing
  let before = ''
  for (;;) {
    const missing = await untilDone('kafka-access', preparing, () => missingIn(kafka, needs))
    const file = join(dir, 'kafka-missing.sh')
    if (missing.length === 0) {
      rmSync(file, { force: true })
      rmSync(passwords(dir), { recursive: true, force: true })
      if (before !== '') note('  All that was missing is there.')
      return
    }
    const { lines, commands } = write(missing, preparing)
    writePrivate(file, `${commands.join('\n')}\n`)
    const text = lines.slice(0, MAX_LINES).join('\n')
    if (text !== before)
      note(
        `  The Kafka at ${kafka.bootstrap} lacks what ${kafka.admin.user} may not make there:\n${text}\n` +
          (lines.length > MAX_LINES ? `    and ${lines.length - MAX_LINES} more\n` : '') +
          `  The commands that make it are in ${file}. This start waits until it is there.`,
      )
    before = text
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

const passwords = (dir: string): string => join(dir, 'kafka-users')

const write = (missing: readonly Missing[], { kafka, dir }: Preparing) => {
  const passwordFile = (user: string): string => join(passwords(dir), `${user}.properties`)
  for (const one of missing)
    if (one.kind === 'user' && !one.isGiven) {
      mkdirSync(passwords(dir), { recursive: true, mode: 0o700 })
      writePrivate(passwordFile(one.login.user), `SCRAM-SHA-512=password=${one.login.password}\n`)
    }
  const texts = missing.map(one => told(one, { bootstrap: kafka.bootstrap, passwordFile }))
  return { lines: texts.map(({ line }) => `    ${line}`), commands: texts.flatMap(({ commands }) => commands) }
}

/** Makes what it may, as the file's user; gives what is left. */
const missingIn = (kafka: NodeKafka, needs: Needs): Promise<readonly Missing[]> =>
  withAdmin(kafkaAccess(kafka, kafka.admin), async admin => {
    const { mayAdminister: mayMake } = await viewOf(admin)
    const missing: Missing[] = []
    const isIn = async (login: Login, tries: number): Promise<boolean> => {
      const isLetIn = await tried(withAdmin(kafkaAccess(kafka, login), one => one.viewCluster(), LOGIN_RETRIES))
      if (isLetIn || tries === 1) return isLetIn
      await sleep(NEW_LOGIN_PAUSE_MS)
      return isIn(login, tries - 1)
    }
    for (const topic of needs.topics) missing.push(...listed(await ensureTopic(admin, topic)))
    const users = new Map<string, Login>([[kafka.admin.user, kafka.admin]])
    for (const login of needs.logins) {
      const isGiven = kafka.users !== undefined
      const made = !isGiven && mayMake && (await tried(admin.upsertUser(login.user, login.password)))
      if (await isIn(login, made ? NEW_LOGIN_TRIES : 1)) users.set(login.user, login)
      else missing.push({ kind: 'user', login, isGiven })
    }
    const opened = new Map<string, ClusterAdmin>()
    const viewAs = (user: string): ClusterAdmin | undefined => {
      const login = users.get(user)
      if (login === undefined) return undefined
      const one = opened.get(user) ?? openAdmin(kafkaAccess(kafka, login), CLIENT, LOGIN_RETRIES)
      opened.set(user, one)
      return one
    }
    try {
      const grants = mayMake ? needs.grants : [...needs.grants, ...looking(kafka.admin, needs)]
      missing.push(...listed(await ensureRights(admin, grants, mayMake, viewAs)))
      const { user, id } = needs.transactions
      const login = users.get(user)
      if (missing.length === 0 && login !== undefined)
        missing.push(...(await transactionsIn(kafkaAccess(kafka, login), id)))
    } finally {
      await Promise.allSettled([...opened.values()].map(one => one.close()))
    }
    return missing
  })

/** Begins a transaction and ends it. */
const transactionsIn = async (access: BrokerAccess, transactionalId: string): Promise<readonly Missing[]> => {
  try {
    const producer = await openProducer(access, { clientId: CLIENT, transactionalId })
    try {
      await (await producer.begin()).abort()
    } finally {
      await producer.close()
    }
    return []
  } catch (error) {
    if (error instanceof HubError && error.code === 'HUB_UNREACHABLE') throw error
    return [{ kind: 'transactions', why: error instanceof Error ? error.message : String(error) }]
  }
}

/** Whoever checks topics has to see them. */
const looking = ({ user }: Login, { topics }: Needs): readonly Grant[] =>
  topics.map(({ name }) => ({ user, resource: 'topic', name, operations: ['describe', 'describe-configs'] }))

const listed = (missing: Missing | undefined): readonly Missing[] => (missing === undefined ? [] : [missing])
