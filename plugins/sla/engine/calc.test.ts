// The command `sla calc`: what it answers, and what it says where it cannot.
import t from 'tap'
import { calcCommand } from '../commands.js'

const QUESTION = {
  op: 'due',
  time_zone: 'Europe/Berlin',
  hours: { mon: [['09:00', '17:00']], tue: [['09:00', '17:00']] },
  start: '2026-03-02T15:50:00Z',
  minutes: 30,
}
const { minutes: _, ...rest } = QUESTION
const ELAPSED = { ...rest, op: 'elapsed', end: '2026-03-03T09:00:00Z' }

async function ask(lines: readonly unknown[], args: string[] = []) {
  const said: string[] = []
  async function* stdin() {
    for (const line of lines) yield typeof line === 'string' ? line : JSON.stringify(line)
  }
  const code = await calcCommand.run({ args, values: {}, stdin: stdin(), say: (line) => said.push(line) })
  return { code, said }
}
const answers = async (...lines: unknown[]) => (await ask(lines)).said.map((line) => JSON.parse(line))
const error = async (change: object, base: object = QUESTION) =>
  (await answers({ ...base, ...change }))[0].error as string

t.test('answers stand in the order of the questions, and what is wrong holds nothing up', async (t) => {
  const { code, said } = await ask([`\uFEFF${JSON.stringify(QUESTION)}`, '', '{"op":', [], ELAPSED])
  t.equal(code, 1, 'a line was wrong')
  t.same(
    said.map((line) => JSON.parse(line)),
    [
      { due_utc: '2026-03-03T08:20:00Z' },
      { error: 'the line is not JSON: write one whole question on each line', line: 3 },
      { error: 'a question is a JSON object: {"op":"due", …} or {"op":"elapsed", …}', line: 4 },
      { minutes: 70 },
    ],
  )
  t.equal((await ask([QUESTION])).code, 0)
  t.equal((await ask([], ['what'])).code, 2, 'usage')
})

t.test('a question of one kind with the word of the other is told what is expected', async (t) => {
  t.match(await error({ end: ELAPSED.end }, rest), /^minutes: is missing: "due" asks with `minutes`/)
  t.match(
    await error({ minutes: 5 }, { ...rest, op: 'elapsed' }),
    /^end: is missing: "elapsed" asks with `end`/,
  )
  t.match(await error({ end: ELAPSED.end }), /^end: is not for this question/)
  t.match(await error({ op: 'soon' }), /^op: write "due" .* or "elapsed"/)
})

t.test('a mistake is named with its place, in words', async (t) => {
  const mon = (...windows: unknown[]) => ({ hours: { mon: windows } })
  const bad: [object, RegExp][] = [
    [{ time_zone: 'Europe/Berlim' }, /^time_zone: there is no such time zone/],
    [{ time_zone: 7 }, /^time_zone: does not fit: write an IANA name/],
    [{ hours: { monday: [] } }, /^hours\/monday: is not known here: .*mon, tue/],
    [mon(['17:00', '09:00']), /^hours\/mon\/0: closes at 09:00, .*a night shift is two windows/],
    [mon(['09:00', '12:00'], ['11:00', '13:00']), /^hours\/mon\/1: overlaps/],
    [mon(['9', '12:00']), /^hours\/mon\/0\/0: is not a time: write HH:MM/],
    [mon(['09:00']), /^hours\/mon\/0: does not fit/],
    [{ holidays: ['2026-05-01', '2026-02-30'] }, /^holidays\/1: there is no 2026-02-30/],
    [{ holidays: 'none' }, /^holidays: does not fit: write a list of dates/],
    [{ breaks: { '2026-02-30': [] } }, /^breaks\/2026-02-30: there is no 2026-02-30/],
    [{ breaks: { '2026-03-02': [['12:00', '11:00']] } }, /^breaks\/2026-03-02\/0: closes at 11:00/],
    [{ start: '2026-02-30T09:00:00Z' }, /^start: there is no 2026-02-30/],
    [{ start: '2026-03-02T09:00:00' }, /^start: write an instant with its offset/],
    [{ start: '0001-03-02T09:00:00Z' }, /^start: must lie in the years 1970 to 2199/],
    [{ start: '2200-01-01T00:00:00Z' }, /^start: must lie in the years 1970 to 2199/],
    [{ minutes: -1 }, /^minutes: does not fit: write a number, from 0/],
    [{ minutes: '30' }, /^minutes: does not fit/],
  ]
  for (const [change, words] of bad) t.match(await error(change), words)
  t.equal(await error({ end: '2026-03-01T09:00:00Z' }, ELAPSED), 'end: is before `start`')
})

t.test('a night shift of two windows, a yearly holiday, half a minute, and never', async (t) => {
  const night = { mon: [['22:00', '24:00']], tue: [['00:00', '06:00']] }
  const start = '2026-03-02T22:30:00Z'
  t.same(
    await answers(
      { ...QUESTION, hours: night, start, minutes: 60 },
      { ...QUESTION, holidays: ['03-03'] },
      { ...QUESTION, start: '2026-03-02T09:00:00Z', minutes: 0.5 },
      { ...QUESTION, minutes: 1e300 },
      { ...QUESTION, hours: {} },
    ),
    [
      { due_utc: '2026-03-02T23:30:00Z' },
      { due_utc: '2026-03-09T08:20:00Z' },
      { due_utc: '2026-03-02T09:00:30Z' },
      { due_utc: null },
      { due_utc: null },
    ],
  )
})
