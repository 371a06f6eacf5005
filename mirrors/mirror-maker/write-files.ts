// Writes the files a MirrorMaker is started from. Safe to repeat, and after a kill at any point.
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { pkcs12Of } from '#hub'
import { renderMirrorMaker, renderMirrorMakerLogging, renderSecrets } from './properties.ts'
import { checkSettings, HUB_ALIAS, mirrorMakerFiles, type MirrorMakerSettings, trustFile } from './settings.ts'

const writeWhole = async (file: string, text: string | Buffer): Promise<void> => {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/**
 * Writes configuration and passwords (mode 0600, in a folder of mode 0700) and forgets the events of the last start.
 * Call it before every start. Throws MirrorError MIRROR_MAKER_SETTING.
 */
export const prepareMirrorMaker = async (settings: MirrorMakerSettings): Promise<void> => {
  checkSettings(settings)
  await mkdir(settings.dir, { recursive: true, mode: 0o700 })
  await chmod(settings.dir, 0o700)
  const files = mirrorMakerFiles(settings.dir)
  await rm(files.events, { force: true })
  const { peers } = settings
  const keystorePassword = peers && randomBytes(18).toString('hex')
  if (peers !== undefined && keystorePassword !== undefined)
    await writeWhole(
      files.keystore,
      pkcs12Of(await readFile(peers.tls.keystore, 'utf8'), peers.tls.ca, keystorePassword),
    )
  await writeWhole(files.secrets, renderSecrets(settings, keystorePassword))
  for (const [alias, { ca }] of [
    [HUB_ALIAS, settings.hub],
    [settings.name, settings.node],
  ] as const)
    if (ca !== undefined) await writeWhole(trustFile(settings.dir, alias), ca)
  await writeWhole(files.properties, renderMirrorMaker(settings))
  await writeWhole(files.logging, renderMirrorMakerLogging(settings))
}
