// Real packets for a bench: framed files of a folder, and the schemas that they name.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assembleSchema, readFrame } from '#hub'

const IDS_PER_MAJOR = 100

const numbersIn = async (dir: string): Promise<number[]> => (await readdir(dir)).map(Number).filter(Number.isInteger)

/** Schemas of a folder `<major>/<minor>/`, by registry id (major * 100 + minor). */
export async function schemasIn(dir: string): Promise<Record<number, string>> {
  const schemas: Record<number, string> = {}
  for (const major of await numbersIn(dir))
    for (const minor of await numbersIn(join(dir, String(major))))
      schemas[major * IDS_PER_MAJOR + minor] = await assembleSchema(join(dir, String(major), String(minor)))
  return schemas
}

/** All `.bin` packets below a folder whose schema is known, in the order of their names. */
export async function packetsIn(dir: string, schemas: Readonly<Record<number, string>>): Promise<Buffer[]> {
  const names = (await readdir(dir, { recursive: true })).filter(name => name.endsWith('.bin')).toSorted()
  const packets = await Promise.all(names.map(name => readFile(join(dir, name))))
  return packets.filter(packet => readFrame(packet).schemaId in schemas)
}
