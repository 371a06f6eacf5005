// Public surface of the API: the service, the command line, and the rights its Kafka user needs.
export { apiRights, type ApiRights } from './rights.ts'
export { type Api, type ApiCheck, type ApiOptions, openApi } from './open.ts'
export { runCli } from './cli/run.ts'
export { type PythonRuntime } from './runtimes.ts'
export { ApiSettings } from './settings.ts'
export { processSurroundings, type Surroundings } from './cli/config.ts'
