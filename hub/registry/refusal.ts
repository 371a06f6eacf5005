// How the registry says no: Confluent's codes, by which clients decide. The HTTP status is the code's first three digits.
import { HubError } from '../errors.ts'

export const REFUSALS = {
  SUBJECT_NOT_FOUND: 40_401,
  VERSION_NOT_FOUND: 40_402,
  SCHEMA_NOT_FOUND: 40_403,
  SUBJECT_SOFT_DELETED: 40_404,
  SUBJECT_NOT_SOFT_DELETED: 40_405,
  VERSION_SOFT_DELETED: 40_406,
  VERSION_NOT_SOFT_DELETED: 40_407,
  SUBJECT_CONFIG_NOT_FOUND: 40_408,
  SUBJECT_MODE_NOT_FOUND: 40_409,
  INVALID_SCHEMA: 42_201,
  INVALID_VERSION: 42_202,
  INVALID_COMPATIBILITY: 42_203,
  INVALID_MODE: 42_204,
  NOT_PERMITTED: 42_205,
  STORE: 50_001,
} as const
export type Refusal = keyof typeof REFUSALS

export interface RegistryError extends HubError {
  readonly errorCode: number
}

/** An error to throw. */
export const refuse = (refusal: Refusal, message: string): RegistryError =>
  Object.assign(new HubError('HUB_REGISTRY_REFUSED', message), { errorCode: REFUSALS[refusal] })

export const isRefusal = (error: unknown): error is RegistryError =>
  error instanceof HubError && 'errorCode' in error && typeof error.errorCode === 'number'
