// Compiles our own scripts, once in this process whatever the number of isolates: the next isolate takes the code from the first. It is taken before an
// author's module is in that isolate; code of authors is never kept.
import ivm from 'isolated-vm'

type CachedCode = ivm.ExternalCopy<ArrayBuffer>

/** Texts of views, which differ with what filters read; beyond it all are forgotten. */
const MAX_TEXTS = 200
const codes = new Map<string, CachedCode>()

/** The value of a script of ours in a context, by reference. */
export function runOwn<T>(isolate: ivm.Isolate, context: ivm.Context, source: string): ivm.Reference<T> {
  const known = codes.get(source)
  const script = isolate.compileScriptSync(
    source,
    known === undefined ? { produceCachedData: true } : { cachedData: known },
  )
  const made = (script as { cachedData?: CachedCode }).cachedData
  if (known === undefined && made !== undefined) {
    if (codes.size >= MAX_TEXTS) codes.clear()
    codes.set(source, made)
  }
  return script.runSync(context, { reference: true }) as ivm.Reference<T>
}
