// Public surface of the API: the service, and the ACLs its Kafka user needs. The command line has its own, `cli/index.ts`.
import type { Api, ApiOptions } from './open-instance.ts'

export { apiAcls, type ApiAcls } from './api-acls.ts'
export type { Api, ApiCheck, ApiOptions } from './open-instance.ts'
export { JoinAnswer, JoinRequest, JoinWaiting, peerName } from './nodes/join-messages.ts'
export type { PythonRuntime } from './authoring/runtimes.ts'
export { ApiSettings, MoveSettings, TRIALS_AT_ONCE } from './settings.ts'

/** Opens an instance; it listens, reads and (when it leads) writes when this resolves. */
export const openApi = async (options: ApiOptions): Promise<Api> =>
  (await import('./open-instance.ts')).openApi(options)
