// Errors of a disk or an S3 server as HUB_ARCHIVE_… errors, with what was attempted and what an operator can do.
import { HubError } from '../../errors.ts'

/** Whether an error of the system has one of these codes, e.g. `ENOENT`. */
export const isErrno = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the volume is full; free space or lower the archive’s limit, it goes on by itself',
  EDQUOT: 'the quota of the volume is used up; raise it, it goes on by itself',
  EROFS: 'the volume is read-only; mount it for writing, it goes on by itself',
  EACCES: 'this user may not write there; correct the folder’s rights',
  EPERM: 'this user may not write there; correct the folder’s rights',
  EIO: 'the disk fails; look at the system’s log',
}

/** Runs an action on a store. Throws HubError with what was attempted, why it failed and what to do; HubErrors and mistakes of ours pass unchanged. */
export const runOnStore = async <T>(
  code: 'HUB_ARCHIVE_WRITE' | 'HUB_ARCHIVE_READ',
  what: string,
  action: () => Promise<T>,
): Promise<T> => {
  try {
    return await action()
  } catch (error) {
    if (error instanceof HubError || error instanceof TypeError) throw error
    const why = error instanceof Error ? error.message : String(error)
    const advice = error instanceof Error && 'code' in error ? ADVICE[String(error.code)] : undefined
    throw new HubError(code, `${what} failed: ${why}${advice === undefined ? '' : ` (${advice})`}`, { cause: error })
  }
}
