// The filters in filters/examples: templates for authors, the first filters of a new system, and tests with a known answer.
import { readFileSync } from 'node:fs'
import { type Language } from '../manifest.ts'

export interface Example {
  readonly name: string
  readonly stream: string
  readonly language: Language
  readonly fileName: string
  readonly source: string
}

const FILES = [
  ['bright-new-transients.js', 'lsst'],
  ['supernova-rise.ts', 'lsst'],
  ['variable-star.js', 'lsst'],
  ['asteroids.js', 'lsst'],
  ['red-and-faint.ts', 'lsst'],
  ['variable-star-numpy.py', 'lsst'],
  ['ztf-bright-and-real.js', 'ztf'],
  ['ztf-brightening.ts', 'ztf'],
] as const

/** The language a filter's file name says, or undefined. */
export const languageOf = (fileName: string): Language | undefined => {
  if (fileName.endsWith('.ts')) return 'typescript'
  if (fileName.endsWith('.js') || fileName.endsWith('.mjs')) return 'javascript'
  return fileName.endsWith('.py') ? 'python' : undefined
}

/** All examples with their sources. */
export const examples = (): readonly Example[] =>
  FILES.map(([fileName, stream]) => ({
    name: fileName.replace(/\.[a-z]+$/, ''),
    stream,
    language: languageOf(fileName) ?? 'javascript',
    fileName,
    source: readFileSync(new URL(`../examples/${fileName}`, import.meta.url), 'utf8'),
  }))
