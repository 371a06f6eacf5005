// The command line of a MirrorMaker. Nothing secret is in it or in its environment.
import { join } from 'node:path'
import { boundToParent, type Command, javaEnvironment } from '#hub'
import { mirrorMakerFiles, type MirrorMakerSettings } from './settings.ts'

const DEFAULT_HEAP_MB = 512
const MIN_HEAP_MB = 128
/** Of the heap, for what lives as long as a fetch. */
const YOUNG_SHARE = 0.4

/** How to run the MirrorMaker that prepareMirrorMaker has prepared. It ends with its parent where the system can do that. */
export const mirrorMakerCommand = (settings: MirrorMakerSettings): Command => {
  const { dir, libs, heapMb = DEFAULT_HEAP_MB, java = 'java' } = settings
  const files = mirrorMakerFiles(dir)
  const maxHeapMb = Math.max(heapMb, MIN_HEAP_MB)
  const args = [
    `-Xms${maxHeapMb}m`,
    `-Xmx${maxHeapMb}m`,
    `-Xmn${Math.round(maxHeapMb * YOUNG_SHARE)}m`,
    // Fetches of several MB are ordinary objects to it, not humongous regions as to G1.
    '-XX:+UseParallelGC',
    '-XX:-UseAdaptiveSizePolicy',
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
