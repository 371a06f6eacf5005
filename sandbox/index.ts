// Public surface of the sandbox: running untrusted code over columns.
export * from './batch.ts'
export * from './errors.ts'
export { type CordonSettings, type IsolateSandboxOptions, openIsolateSandbox } from './isolate/open-isolate-sandbox.ts'
export * from './sandbox.ts'
