// What killed processes left behind is told from what living ones use.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { makeOwnDirectory, orphansAmong, ownerLives, ownTag } from './leftovers.ts'

test('a living process owns its things; one that began at another time under its number does not', () => {
  expect(ownerLives(ownTag())).toBe(true)
  expect(ownerLives(`${process.pid}-1`)).toBe(false)
  expect(ownerLives(`${2 ** 22 + 1}-12345`)).toBe(false)
})

test('only names of a prefix and a process count', () => {
  const orphan = `box-${process.pid}-1-abc`
  expect(orphansAmong([orphan, `box-${ownTag()}-abc`, 'box-abc', `sox-${process.pid}-1-abc`], 'box-')).toEqual([orphan])
})

test('making a directory removes those of processes that are gone, with what is in them', () => {
  const parent = mkdtempSync(join(tmpdir(), 'skysieve-leftovers-'))
  const mine = makeOwnDirectory(parent, 'box-')
  mkdirSync(join(parent, `box-${process.pid}-1-abc/guest`), { recursive: true })
  writeFileSync(join(parent, `box-${process.pid}-1-abc/guest/file`), '')
  mkdirSync(join(parent, 'other'))
  const second = makeOwnDirectory(parent, 'box-')
  expect(readdirSync(parent).toSorted()).toEqual(['other', basename(mine), basename(second)].toSorted())
  rmSync(parent, { recursive: true })
})
