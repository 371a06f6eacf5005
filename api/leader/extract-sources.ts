// What the leader does with manifests of former versions of this software, which have their sources inside: each gets a record of its own.
import { sha256, sourceBytes } from '#filters'
import { type Platform } from '../platform.ts'

/** All versions of a filter. A source that would be refused today stays where it is, which `staying` remembers: it is not read over and over. */
export async function extractSources(
  { controlState, writes, sourceChecks }: Platform,
  id: string,
  staying: Set<string>,
): Promise<void> {
  const keyOf = (number: number): string => `${id}/${number}`
  for (;;) {
    const manifest = controlState.filter(id)
    const version = manifest?.versions.find(({ source, number }) => source !== undefined && !staying.has(keyOf(number)))
    if (manifest === undefined || version?.source === undefined || manifest.state === 'deleted') return
    const { language, source, number } = version
    const { stream, cutouts, owner: account } = manifest
    const { record } = await sourceChecks.check({ language, source, stream, cutouts, account })
    if (record === undefined) {
      staying.add(keyOf(number))
      continue
    }
    await writes.change(async writer => {
      const now = controlState.filter(id)
      if (now === undefined || now.state === 'deleted') return
      const versions = now.versions.map(({ source: text, ...rest }) => {
        if (rest.number === number) return { ...rest, sha256: sha256(source), bytes: sourceBytes(record) }
        return text === undefined ? rest : { ...rest, source: text }
      })
      await writer.manifest({ ...now, versions }, record)
    })
  }
}
