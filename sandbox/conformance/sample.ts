// The records every conformance case runs on, and what they carry.
import { type ColumnSet } from '../columns/batch.ts'
import { type Limits } from '../sandbox.ts'

export const SAMPLE_SET: ColumnSet = {
  columns: [
    { path: 'name', kind: 'string' },
    { path: 'source.flux', kind: 'number' },
    { path: 'source.band', kind: 'string' },
    { path: 'source.id', kind: 'long' },
    { path: 'source.flagged', kind: 'boolean' },
    { path: 'source.detector', kind: 'int' },
    { path: 'object', kind: 'present' },
    { path: 'object.ra', kind: 'number' },
    { path: 'stamp', kind: 'binary' },
  ],
  lists: [
    {
      path: 'history',
      columns: [
        { path: 'flux', kind: 'number' },
        { path: 'band', kind: 'string' },
        { path: 'id', kind: 'long' },
      ],
    },
  ],
}

const BIG = 2n ** 60n

export const SAMPLE_RECORDS: readonly object[] = [
  {
    name: 'α Centauri — 𝛿',
    source: { flux: 1.5, band: 'g', id: BIG + 1n, flagged: true, detector: 85 },
    object: { ra: 10.25 },
    stamp: Uint8Array.of(1, 2, 3),
    history: [
      { flux: 1, band: 'g', id: BIG + 11n },
      { flux: null, band: 'r', id: null },
      { flux: NaN, band: 'clear', id: -5n },
    ],
  },
  {
    name: '',
    source: { flux: NaN, band: 'r', id: -BIG, flagged: false, detector: -1 },
    object: null,
    stamp: null,
    history: null,
  },
  {
    name: null,
    source: { flux: null, band: null, id: null, flagged: null, detector: null },
    object: { ra: null },
    stamp: null,
    history: [],
  },
  {
    name: 'plain',
    source: { flux: -2, band: 'white', id: 0n, flagged: true, detector: 0 },
    object: { ra: 359.5 },
    stamp: new Uint8Array(0),
    history: [{ flux: 7, band: 'z', id: 1n }],
  },
]

/** Half past midnight UTC of 2026-01-02, and a second apart. */
export const SAMPLE_TIMES: readonly number[] = [0, 1, 2, 3].map(row => Date.UTC(2026, 0, 2, 0, 30) + row * 1000)
export const SAMPLE_IDS: readonly bigint[] = [BIG + 1n, BIG + 2n, BIG + 3n, BIG + 4n]

export const SAMPLE_LIMITS: Limits = { batchMs: 1000, memoryMb: 64, logChars: 1000, annotationChars: 4096 }
