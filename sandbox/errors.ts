// The one error class of this folder: what keeps the sandbox itself from running. What filters do is never thrown; it is in their verdicts.

/** Every code and what it means. */
export const SANDBOX_ERRORS = {
  // What the caller handed over
  SANDBOX_PROGRAM_INVALID: 'A program has an unusable id or limit, or is for another runtime.',
  SANDBOX_COLUMNS_INVALID:
    'A program has columns that no view can be made of: a mistake of whoever chose them, not of its author.',
  SANDBOX_BATCH_INVALID: 'A batch is larger than allowed or its arrays do not fit its set.',
  SANDBOX_FILTER_UNKNOWN: 'A filter is named that is not loaded.',
  SANDBOX_CLOSED: 'The sandbox was closed.',
  // What the machine lacks
  SANDBOX_UNAVAILABLE: 'This machine cannot run the process sandbox.',
  SANDBOX_POSTURE: 'A host is not confined as it must be, so it gets no filter.',
  SANDBOX_RUNTIME_FILES: 'The files a host runs from could not be prepared.',
  // What went wrong with a host
  SANDBOX_HOST_START: 'A host did not start.',
  SANDBOX_HOST_DYING: 'Hosts end again and again without a filter to blame.',
  // The container runtime
  SANDBOX_ENGINE_UNREACHABLE: 'No Docker engine answers.',
  SANDBOX_IMAGE: 'The runtime image could not be assembled.',
} as const

export type SandboxErrorCode = keyof typeof SANDBOX_ERRORS

/** What this folder throws. `code` is stable; `message` says what, where, why and what to do next. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
  readonly code: SandboxErrorCode

  constructor(code: SandboxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
