// What can be told about a Python filter from its text alone; its syntax is checked by Python itself, when the container loads it.
import type { NamesRead } from './javascript-names.ts'

/** Ways to reach a field by a name that does not stand in the source. */
const BUILDS_NAMES = /\bgetattr\s*\(|\bvars\s*\(|\.(keys|items|values|to_dict|columns)\b|\[\s*f["']|\.format\s*\(/

/** Whether something in brackets on one line joins text: `["a" + b]`. */
function joinsText(source: string): boolean {
  let [isOpen, hasQuote] = [false, false]
  for (const [token] of source.matchAll(/[[\]"'+\n]/g)) {
    if (token === '[') isOpen = true
    else if (token === ']' || token === '\n') [isOpen, hasQuote] = [false, false]
    else if (token !== '+') hasQuote = isOpen
    else if (hasQuote) return true
  }
  return false
}

/** Every word of the source (comments and strings included: more than needed is harmless) and the docstring of the filter's class. */
export function pythonNames(source: string): NamesRead & { readonly description: string } {
  const names = new Set(source.match(/[A-Za-z_]\w*/g))
  const docstring = /class\s+\w+\s*\(\s*AlertFilter\s*\)\s*:\s*(?:"""|''')([\s\S]*?)(?:"""|''')/.exec(source)
  const description = docstring?.[1]?.trim().split('\n')[0]?.slice(0, 500) ?? ''
  return { names, computed: BUILDS_NAMES.test(source) || joinsText(source), description }
}
