// Public surface of the API: the service, the command line, and the rights its Kafka user needs.
// The service is loaded when it is opened: the command line need not wait for it.
import type { Api, ApiOptions } from './open.ts'

export { apiRights, type ApiRights } from './rights.ts'
export type { Api, ApiCheck, ApiOptions } from './open.ts'
export { runCli } from './cli/run.ts'
export type { PythonRuntime } from './runtimes.ts'
export { ApiSettings } from './settings.ts'
export { processSurroundings, type Surroundings } from './cli/config.ts'

/** Opens an instance; it listens, reads and (when it leads) writes when this resolves. */
export const openApi = async (options: ApiOptions): Promise<Api> => (await import('./open.ts')).openApi(options)
