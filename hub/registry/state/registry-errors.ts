// The registry's errors: Confluent's codes, by which its clients decide what to do.
import { HubError } from '../../errors.ts'

export const REFUSALS = {
  NOT_AUTHORIZED: 40_101,
  SUBJECT_NOT_FOUND: 40_401,
  VERSION_NOT_FOUND: 40_402,
  SCHEMA_NOT_FOUND: 40_403,
  SUBJECT_SOFT_DELETED: 40_404,
  SUBJECT_NOT_SOFT_DELETED: 40_405,
  VERSION_SOFT_DELETED: 40_406,
  VERSION_NOT_SOFT_DELETED: 40_407,
  SUBJECT_CONFIG_NOT_FOUND: 40_408,
  SUBJECT_MODE_NOT_FOUND: 40_409,
  INCOMPATIBLE: 40_901,
  INVALID_SCHEMA: 42_201,
  INVALID_VERSION: 42_202,
  INVALID_COMPATIBILITY: 42_203,
  INVALID_MODE: 42_204,
  NOT_PERMITTED: 42_205,
  REFERENCE_EXISTS: 42_206,
  INVALID_SUBJECT: 42_208,
  TOO_LARGE: 42_209,
  TOO_MANY: 42_901,
  STORE: 50_001,
  STORE_TIMEOUT: 50_002,
  NOT_LEADER: 50_004,
} as const
export type Refusal = keyof typeof REFUSALS

const STATUS_DIVISOR = 100

export interface RegistryError extends HubError {
  readonly errorCode: number
  /** Of the HTTP answer: the code's first three digits. */
  readonly status: number
}

/** An error to throw. */
export const refuse = (refusal: Refusal, message: string): RegistryError => refusalWith(REFUSALS[refusal], message)

/** The same of a code, e.g. of one that came from another thread. */
export const refusalWith = (errorCode: number, message: string): RegistryError => {
  return Object.assign(new HubError('HUB_REGISTRY_REFUSED', message), {
    errorCode,
    status: Math.floor(errorCode / STATUS_DIVISOR),
  })
}

export const isRefusal = (error: unknown): error is RegistryError =>
  error instanceof HubError && 'errorCode' in error && 'status' in error
