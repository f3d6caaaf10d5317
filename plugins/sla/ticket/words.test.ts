// Lengths as a sentence says them.
import t from 'tap'
import { lengthInWords } from './words.js'

t.test('a length is said in days, hours and minutes, below a minute in seconds', async (t) => {
  for (const [ms, words] of [
    [0, '0 min'],
    [500, 'less than 1 s'],
    [1000, '1 s'],
    [30_000, '30 s'],
    [-59_999, '59 s'],
    [60_000, '1 min'],
    [119_999, '1 min'],
    [3_600_000, '1 h'],
    [90_061_000, '1 d 1 h 1 min'],
  ] as const)
    t.equal(lengthInWords(ms), words, `${ms}`)
})
