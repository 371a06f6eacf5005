// Which languages filters can be written in here, whether each can run now, and what it offers.
import { DEFAULT_LIMITS, type Language, LANGUAGES, MAX_SOURCE_CHARS } from '#filters'
import { ApiError } from '../errors.ts'
import { type ApiSettings } from '../settings.ts'

/** The container runtime as its opener knows it. */
export interface PythonRuntime {
  readonly version: string
  readonly libraries: readonly { readonly name: string; readonly version: string }[]
  /** Resolves when programs can be loaded now; rejects with an Error that says why not and what to do. */
  readonly reach: () => Promise<void>
}

export interface RuntimeInfo {
  readonly language: Language
  readonly runtime: 'isolate' | 'container'
  readonly engine: string
  readonly available: boolean
  /** Why it is not available, and what to do. */
  readonly reason?: string
  readonly libraries: readonly { readonly name: string; readonly version: string }[]
  readonly limits: {
    readonly batchMs: number
    readonly memoryMb: number
    readonly logCharacters: number
    readonly annotationCharacters: number
    readonly sourceCharacters: number
  }
}

export interface Runtimes {
  list(): Promise<readonly RuntimeInfo[]>
  /** @throws ApiError API_RUNTIME_MISSING where the language never runs here, API_ENGINE_AWAY where it does not at the moment. */
  require(language: Language): Promise<void>
}

const NO_PYTHON = 'this system has no Docker engine, which Python filters need'

/** What a filter may use of time and memory for a batch of 256 alerts, and how much it may say. */
const limits = {
  batchMs: DEFAULT_LIMITS.batchMs,
  memoryMb: DEFAULT_LIMITS.memoryMb,
  logCharacters: DEFAULT_LIMITS.logChars,
  annotationCharacters: DEFAULT_LIMITS.annotationChars,
  sourceCharacters: MAX_SOURCE_CHARS,
}

/** `languages` and `pythonMissing` are the operator's; `python` is asked each time. */
export function openRuntimes(
  { languages, pythonMissing = NO_PYTHON }: Pick<ApiSettings, 'languages' | 'pythonMissing'>,
  python: PythonRuntime,
): Runtimes {
  const whyAway = (): Promise<string | undefined> =>
    python.reach().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
  const whyMissing = (language: Language): string | undefined => {
    if (languages.includes(language)) return undefined
    return language === 'python' ? pythonMissing : 'the operator has switched it off'
  }
  return {
    list: () =>
      Promise.all(
        LANGUAGES.map(async (language): Promise<RuntimeInfo> => {
          const isPython = language === 'python'
          const reason = whyMissing(language) ?? (isPython ? await whyAway() : undefined)
          return {
            language,
            runtime: isPython ? 'container' : 'isolate',
            engine: isPython ? `CPython ${python.version}` : `V8 ${process.versions.v8}`,
            available: reason === undefined,
            ...(reason === undefined ? {} : { reason }),
            libraries: isPython ? python.libraries : [],
            limits,
          }
        }),
      ),
    async require(language) {
      const missing = whyMissing(language)
      if (missing !== undefined) {
        const message = `Filters in ${language} do not run on this system: ${missing}. It runs ${languages.join(' and ')}.`
        throw new ApiError('API_RUNTIME_MISSING', message, { problems: [{ pointer: '/language', message }] })
      }
      const away = language === 'python' ? await whyAway() : undefined
      if (away !== undefined) throw new ApiError('API_ENGINE_AWAY', away)
    },
  }
}
