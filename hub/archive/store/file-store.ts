// The archive on local files, one for each object: written aside, flushed, then linked under its name, which fails where the name is taken.
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runOnStore, isErrno } from './store-failure.ts'
import { type ArchiveStore, checkKey } from './store-interface.ts'

/** Begun objects lie here; a key never begins with a dot. */
const ASIDE = '.begun'

const flush = async (dir: string): Promise<void> => {
  const handle = await open(dir)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const write = async (file: string, bytes: Uint8Array): Promise<void> => {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(bytes)
    // Before it gets its name: after a loss of power a name must not stand for a torn object.
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** Another writer, an archiver or a back-fill, may be at work: only what is older was left behind by one that was killed. */
const ABANDONED_MS = 3_600_000

const sweep = async (aside: string): Promise<void> => {
  for (const name of await readdir(aside)) {
    const begun = join(aside, name)
    const age = await stat(begun).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > ABANDONED_MS) await rm(begun, { force: true })
  }
}

/** Opens the store in a folder, which is made where it is missing; a reader makes and changes nothing. */
export const openFileStore = async (
  dir: string,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<ArchiveStore> => {
  const aside = join(dir, ASIDE)
  /** Folders with names that a loss of power could still take away. */
  const unflushed = new Set<string>()
  const made = new Set<string>()

  if (!readOnly)
    await runOnStore('HUB_ARCHIVE_WRITE', `Opening the archive in ${dir}`, async () => {
      await mkdir(aside, { recursive: true })
      await sweep(aside)
    })

  const makeDir = async (target: string): Promise<void> => {
    if (made.has(target)) return
    const first = await mkdir(target, { recursive: true })
    // Each new folder is an entry of the one above it.
    if (first !== undefined)
      for (let one = target; one.length >= first.length; one = dirname(one)) unflushed.add(dirname(one))
    made.add(target)
  }

  const put = async (key: string, bytes: Uint8Array): Promise<'stored' | 'exists'> => {
    const file = join(dir, key)
    const begun = join(aside, randomUUID())
    try {
      await makeDir(dirname(file))
      await write(begun, bytes)
      await link(begun, file)
      unflushed.add(dirname(file))
      return 'stored'
    } catch (error) {
      // Somebody may have removed the folder behind our back: the next attempt makes it again.
      made.delete(dirname(file))
      if (!isErrno(error, 'EEXIST')) throw error
      // It may have been linked by a process that was killed before its folder was flushed.
      unflushed.add(dirname(file))
      return 'exists'
    } finally {
      await rm(begun, { force: true }).catch(() => undefined)
    }
  }

  const sync = async (): Promise<void> => {
    const dirs = [...unflushed]
    unflushed.clear()
    try {
      await Promise.all(dirs.map(flush))
    } catch (error) {
      for (const one of dirs) unflushed.add(one)
      throw error
    }
  }

  async function* walk(folder: string, prefix: string, after: string): AsyncGenerator<string> {
    const entries = await readdir(join(dir, folder), { withFileTypes: true }).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    })
    // A folder's keys have a slash behind its name, which decides their place among its neighbours.
    const names = entries.map(entry => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`).toSorted(byCharacters)
    for (const name of names) {
      if (name.startsWith(ASIDE)) continue
      if (!name.endsWith('/')) {
        if (name.startsWith(prefix) && name > after) yield name
      } else if ((name.startsWith(prefix) || prefix.startsWith(name)) && (name > after || after.startsWith(name)))
        yield* walk(name, prefix, after)
    }
  }

  return {
    put: (key, bytes) => {
      checkKey(key)
      return runOnStore('HUB_ARCHIVE_WRITE', `Storing ${key} in ${dir}`, () => put(key, bytes))
    },
    get: key => {
      checkKey(key)
      return runOnStore('HUB_ARCHIVE_READ', `Reading ${key} of ${dir}`, () => orAbsent(readFile(join(dir, key))))
    },
    head: key => {
      checkKey(key)
      return runOnStore('HUB_ARCHIVE_READ', `Looking for ${key} in ${dir}`, async () => {
        const found = await orAbsent(stat(join(dir, key)))
        return found?.isFile() === true ? { bytes: found.size } : undefined
      })
    },
    list: (prefix, after = '') => walk('', prefix, after),
    delete: key => {
      checkKey(key)
      return runOnStore('HUB_ARCHIVE_WRITE', `Deleting ${key} of ${dir}`, () => rm(join(dir, key), { force: true }))
    },
    sync: () => runOnStore('HUB_ARCHIVE_WRITE', `Flushing the archive in ${dir}`, sync),
    close: async () => undefined,
  }
}

const byCharacters = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const orAbsent = async <T>(found: Promise<T>): Promise<T | undefined> => {
  try {
    return await found
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined
    throw error
  }
}
