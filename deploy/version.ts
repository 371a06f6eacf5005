// Which version of this software this is: that of package.json.
import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

const Package = Type.Object({ version: Type.String() })

/** `1.2.3` */
export const softwareVersion = (): string =>
  Value.Parse(Package, JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))).version
