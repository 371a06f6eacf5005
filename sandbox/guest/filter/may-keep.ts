// Whether a source may keep records from one batch to the next: as keys of a cache, or in variables that last. Its views are then made anew for each batch,
// which costs it some microseconds an alert; others use theirs again. Told from the text, in time that grows with its length.

/** Caches, and variables of the module that may be given a value again. */
const LASTS = /\.(?:set|add)\s*\(|^(?:export\s+)?(?:let|var)\s/m
/** A constant of the module that comes from a call of the author's: the function behind it may close over variables. */
const MADE =
  /^(?:export\s+)?const\s+[\w$]+\s*=\s*(?:(?!(?:Math|Object|Number|JSON|Array|String|BigInt|Date)\b)[\w$]+(?:\.[\w$]+)*\(|\(\s*function\b|\(\s*\(\s*\)\s*=>)/m
const VARIABLE = /\b(?:let|var)\s/
const CONSTANT = /^(?:export\s+)?(?:const|class|function)\s+([\w$]+)/gm
/** Something that gets a member or an item: `last.alert = …`, `earlier.push(…)`, `#last` and `this.last` too. */
const CHANGED =
  /(?<![\w$.\]])([\w$]+)(?:\.#?[\w$]+|\[[^\]\n]{0,100}\])*(?:\.(?:push|unshift|splice|fill)\s*\(|(?:\.#?[\w$]+|\[[^\]\n]{0,100}\])\s*(?:[-+*/%&|^?]{1,3})?=(?![=>]))/g

/** True where it is not certain that it does not. */
export function mayKeep(source: string): boolean {
  if (LASTS.test(source) || (MADE.test(source) && VARIABLE.test(source))) return true
  const lasting = new Set(['this', ...[...source.matchAll(CONSTANT)].map(([, name]) => name)])
  return [...source.matchAll(CHANGED)].some(([, name]) => lasting.has(name))
}
