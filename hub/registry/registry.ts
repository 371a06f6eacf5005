// The schema registry as a service: catalogue and HTTP app, listening.
import { type FastifyBaseLogger } from 'fastify'
import { type HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/access.ts'
import { registryApp } from './app.ts'
import { openCatalogue } from './catalogue.ts'

export interface RegistryOptions {
  /** Needs read and write on `_schemas`, and its name as the prefix of a transactional id. */
  readonly access: BrokerAccess
  readonly port: number
  /** Loopback where absent. */
  readonly host?: string
  readonly log?: FastifyBaseLogger
  readonly clientId?: string
}

export interface Registry {
  /** Where it listens. */
  readonly url: string
  /** Resolves with the reason when another registry has taken over: end this one. */
  readonly replaced: Promise<HubError>
  /** Why it cannot serve at the moment; undefined while it can. */
  problem: () => string | undefined
  close: () => Promise<void>
}

/** Opens the registry. Throws HubError where the broker or `_schemas` is missing, and Node's EADDRINUSE. */
export const openRegistry = async (options: RegistryOptions): Promise<Registry> => {
  const { access, port, host = '127.0.0.1', log, clientId = 'skysieve-registry' } = options
  const catalogue = await openCatalogue({
    access,
    clientId,
    onProblem: problem => log?.warn({ code: problem.code }, problem.message),
  })
  const app = registryApp(catalogue, log === undefined ? {} : { loggerInstance: log, disableRequestLogging: true })
  try {
    const url = await app.listen({ port, host })
    return {
      url,
      replaced: catalogue.replaced,
      problem: catalogue.problem,
      close: async () => {
        await app.close()
        await catalogue.close()
      },
    }
  } catch (error) {
    await catalogue.close()
    throw error
  }
}
