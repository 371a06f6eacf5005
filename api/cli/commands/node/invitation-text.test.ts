import { expect, test } from 'vitest'
import { invitationText } from './invitation-text.ts'

const joinUrl = 'https://hub.example.org:21105'
const invited = { node: 'lyon', token: 'skyjoin_x', joinUrl, until: 'T' }

test('a token is shown with the command for its machine; one in a file is not shown', () => {
  expect(invitationText(invited)).toMatch(
    /^Node lyon can join until T.*\nskyjoin_x\n.*\n {2}npm start -- --join https:.* --token-file lyon\.token --listen ADDRESS$/s,
  )
  const kept = invitationText({ ...invited, file: '/home/a/lyon.token' })
  expect(kept).toContain('Its token is in /home/a/lyon.token, which only you can read.')
  expect(kept).not.toContain('skyjoin_x')
})

test('a hub on this machine needs no address, and a machine of a cell has its number', () => {
  const text = invitationText({ ...invited, machine: 2, joinUrl: 'http://127.0.0.1:21005' })
  expect(text).toMatch(/^Machine 2 of lyon can join until T/)
  expect(text).toMatch(/--token-file lyon\.token\.2$/)
})
