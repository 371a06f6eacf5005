// Public surface of the sandbox: running untrusted code over columns.
export * from './batch.ts'
export * from './sandbox.ts'
