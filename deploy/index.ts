// The composition root's own surface: what the `skysieve` command runs. Nothing of the product imports it.
export { setUp } from './setup/set-up.ts'
export { CACHE_DIR, ROOT } from './paths.ts'
export { start } from './start/start.ts'
