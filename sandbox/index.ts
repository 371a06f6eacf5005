// Public surface of the sandbox: running untrusted code over columns.
export * from './batch.ts'
export * from './errors.ts'
export { type IsolateSandbox, openIsolateSandbox } from './isolate/open-isolate-sandbox.ts'
export { type CordonSettings, type IsolateSandboxOptions } from './isolate/options.ts'
export { openSandboxMetrics, type SandboxMetrics } from './metrics.ts'
export * from './sandbox.ts'
