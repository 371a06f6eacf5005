// Profiles: where an API is, the token for it, and the Kafka users made for reading its topics. Mode 0600, in the XDG directory.
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { isRecord, isRecordOf, isText, isTextOrAbsent } from '../context/json-shape.ts'

export interface KafkaUser {
  readonly user: string
  readonly password: string
  readonly bootstrap: string
  readonly ca?: string
}

interface Profile {
  readonly url: string
  readonly token?: string
  /** Certificate of the API's authority, PEM, where that is not one that this machine trusts. */
  readonly ca?: string
  /** By topic. */
  readonly kafka?: Readonly<Record<string, KafkaUser>>
}

interface Profiles {
  readonly current?: string
  readonly profiles: Readonly<Record<string, Profile>>
}

const isKafkaUser = (value: unknown): value is KafkaUser =>
  isRecord(value) && [value['user'], value['password'], value['bootstrap']].every(isText) && isTextOrAbsent(value['ca'])

const isProfile = (value: unknown): value is Profile =>
  isRecord(value) &&
  isText(value['url']) &&
  isTextOrAbsent(value['token']) &&
  isTextOrAbsent(value['ca']) &&
  (value['kafka'] === undefined || isRecordOf(value['kafka'], isKafkaUser))

const isProfiles = (value: unknown): value is Profiles =>
  isRecord(value) && isTextOrAbsent(value['current']) && isRecordOf(value['profiles'], isProfile)

export interface ProfileStore {
  /** The profile of this API, or the one logged in to last. */
  find(url: string | undefined): Profile | undefined
  save(profile: Profile, options?: { readonly makeCurrent: boolean }): void
}

/** Profiles in `directory`/profiles.json. */
export function openProfiles(directory: string): ProfileStore {
  const file = join(directory, 'profiles.json')
  const read = (): Profiles => {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      return { profiles: {} }
    }
    const value = parse(text)
    if (isProfiles(value)) return value
    throw new CliError(
      'CLI_PROFILE_INVALID',
      EXIT.usage,
      `The profiles in ${file} cannot be read; correct or delete that file.`,
    )
  }
  return {
    find(url) {
      const { current, profiles } = read()
      const key = url ?? current
      return key === undefined ? undefined : profiles[key]
    },
    save(profile, options) {
      const old = read()
      const current = options?.makeCurrent ? profile.url : old.current
      const next: Profiles = {
        ...(current === undefined ? {} : { current }),
        profiles: { ...old.profiles, [profile.url]: profile },
      }
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const draft = `${file}.${process.pid}`
      writeFileSync(draft, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 })
      chmodSync(draft, 0o600)
      renameSync(draft, file)
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
