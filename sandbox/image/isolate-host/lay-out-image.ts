// node sandbox/image/isolate-host/lay-out-image.ts DIR: writes the tree of the isolate host's image below DIR, as links to what is here; used by the Dockerfile.
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { layOut } from './host-image.ts'
import { writeHostProgram } from './host-program.ts'

const [dir] = process.argv.slice(2)
if (dir === undefined) {
  console.error('say where: node sandbox/image/isolate-host/lay-out-image.ts DIR')
  process.exit(2)
}
const root = resolve(dir)
mkdirSync(join(root, 'files'), { recursive: true })
mkdirSync(join(root, 'image'))
layOut(join(root, 'image'), writeHostProgram(join(root, 'files')))
