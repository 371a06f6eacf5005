// The command line of a MirrorMaker. Nothing secret is in it or in its environment.
import { join } from 'node:path'
import { boundToParent, type Command, javaEnvironment } from '#hub'
import { mirrorMakerFiles, type MirrorMakerSettings } from './settings.ts'

const DEFAULT_HEAP_MB = 512
const MIN_HEAP_MB = 128

/** How to run the MirrorMaker that prepareMirrorMaker has prepared. It ends with its parent where the system can do that. */
export const mirrorMakerCommand = (settings: MirrorMakerSettings): Command => {
  const { dir, libs, heapMb = DEFAULT_HEAP_MB, java = 'java' } = settings
  const files = mirrorMakerFiles(dir)
  const args = [
    `-Xms${MIN_HEAP_MB}m`,
    `-Xmx${Math.max(heapMb, MIN_HEAP_MB)}m`,
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=20',
    '-XX:+ExitOnOutOfMemoryError',
    '-Djava.awt.headless=true',
    `-Dlog4j2.configurationFile=${files.logging}`,
    '-cp',
    join(libs, '*'),
    'org.apache.kafka.connect.mirror.MirrorMaker',
    files.properties,
    '--clusters',
    settings.name,
  ]
  return { ...boundToParent(java, args), env: javaEnvironment(), cwd: dir }
}
