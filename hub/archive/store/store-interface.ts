// The interface of every archive store. In: immutable objects under keys. Out: their bytes, as they were put. To add a kind of store: implement this
// interface, open it in open-store.ts, and run store-conformance.fixture.ts on it in a test of its own, as file-store.test.ts does.

/**
 * A store of immutable objects under keys such as `v2/alerts/169813/169813005919846484.avro.gz` (object-keys.ts). One process writes; any number read,
 * each with a store of its own. Every call throws HubError HUB_ARCHIVE_WRITE or HUB_ARCHIVE_READ where the store fails; it can be repeated.
 */
export interface ArchiveStore {
  /**
   * Stores an object whole: it is readable when this resolves, durable after the next `sync`. An object is never overwritten: `exists` when the
   * key is taken, by whatever bytes.
   */
  put: (key: string, bytes: Uint8Array) => Promise<'stored' | 'exists'>
  /** The object's bytes; undefined where there is none. */
  get: (key: string) => Promise<Buffer | undefined>
  /** Its size without reading it; undefined where there is none. */
  head: (key: string) => Promise<{ readonly bytes: number } | undefined>
  /** The keys that begin with `prefix`, in the order of their characters; with `after`, those behind that key. */
  list: (prefix: string, after?: string) => AsyncIterable<string>
  /** Deletes an object; nothing happens where there is none. For retention only. */
  delete: (key: string) => Promise<void>
  /** Resolves when everything put before the call survives a loss of power. */
  sync: () => Promise<void>
  close: () => Promise<void>
}

/** Throws TypeError for a key that could leave the store's folder: keys are made by object-keys.ts, never by users. */
export const checkKey = (key: string): void => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(key) || key.split('/').some(part => part === '' || part.startsWith('.')))
    throw new TypeError(`"${key}" is no key of an archive`)
}
