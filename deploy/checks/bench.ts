// npm run bench -- NAME [options]: runs <folder>/bench/NAME.ts; its last line of output is its result as JSON.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const folders = ['hub', 'mirrors', 'filters', 'sandbox', 'api', 'deploy'].map(folder => join(root, folder, 'bench'))
const [name, ...options] = process.argv.slice(2)
const file = folders.map(folder => join(folder, `${name}.ts`)).find(existsSync)
if (name === undefined || file === undefined) {
  const known = folders.filter(existsSync).flatMap(folder => readdirSync(folder).filter(f => f.endsWith('.ts')))
  console.error(`no bench called ${name ?? '(none given)'}; there are: ${known.map(f => f.slice(0, -3)).join(', ')}`)
  process.exit(2)
}
spawn(process.execPath, [file, ...options], { stdio: 'inherit' }).on('exit', code => process.exit(code ?? 1))
