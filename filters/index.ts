// Public surface of filters.
export * from './manifest.ts'
export * from './author/check-source.ts'
export * from './author/examples.ts'
export { type Problem, ProblemCode } from './author/problem.ts'
