// npm run bench -- NAME [options]: brings the machine to where the bench can run, then runs <folder>/bench/NAME.ts; its last line of
// output is its result as JSON.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DeployError } from '../errors.ts'
import { CACHE_DIR, ROOT, setUp } from '../index.ts'
import { BENCHES } from '../setup/purposes.ts'

const FOLDERS = ['hub', 'mirrors', 'filters', 'sandbox', 'api', 'deploy'].map(folder => join(ROOT, folder, 'bench'))

const [name = '', ...options] = process.argv.slice(2)
const parts = BENCHES[name]
const file = FOLDERS.map(folder => join(folder, `${name}.ts`)).find(existsSync)
if (parts === undefined || file === undefined) {
  console.error(`no bench called ${name || '(none given)'}; there are: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
try {
  await setUp({ parts, cacheDir: CACHE_DIR, env: process.env, print: line => console.error(line) })
} catch (error) {
  if (!(error instanceof DeployError)) throw error
  console.error(error.message)
  process.exit(2)
}
spawn(process.execPath, [file, ...options], { stdio: 'inherit' }).on('exit', code => process.exit(code ?? 1))
