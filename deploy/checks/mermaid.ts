// Mermaid's own parser on the figures of READMEs, without a browser: it runs in a context with what it looks for in a document when it
// is loaded. Nothing is drawn.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createContext, runInContext } from 'node:vm'

const require = createRequire(import.meta.url)

interface Mermaid {
  readonly parse: (text: string) => Promise<{ readonly diagramType: string }>
}

const load = (): Mermaid => {
  const file = require.resolve('@mermaid-js/tiny')
  const nothing = () => ({})
  const document = { nodeType: 9, implementation: {}, createElement: nothing, addEventListener: nothing }
  const context = createContext({
    document,
    Element: Object,
    addEventListener: nothing,
    structuredClone,
    setTimeout,
    console,
    URL,
  })
  runInContext('globalThis.window = globalThis', context)
  runInContext(readFileSync(file, 'utf8'), context, { filename: file })
  return runInContext('mermaid', context)
}

let loaded: Mermaid | undefined

/** Why a figure is no flowchart that Mermaid takes; undefined where it is one. */
export const figureProblem = async (text: string): Promise<string | undefined> => {
  loaded ??= load()
  try {
    const { diagramType } = await loaded.parse(text)
    return diagramType.startsWith('flowchart') ? undefined : `it is a ${diagramType}, not a flowchart`
  } catch (error) {
    // The error is one of the context's own.
    return String(error)
  }
}
