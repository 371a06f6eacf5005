// Public surface of filters.
export * from './manifest.ts'
