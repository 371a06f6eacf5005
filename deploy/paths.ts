// Where this checkout lies, and where what is fetched and kept for all systems lies in it.
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '..')
export const CACHE_DIR = join(ROOT, '.cache')
