// What is wrong with a value is said at its place, with the words that are allowed.
import t from 'tap'
import Type from 'typebox'
import { problemsOf } from '../src/schema.js'

const strict = { additionalProperties: false }
const action = Type.Union([
  Type.Object({ do: Type.Literal('tag'), tag: Type.String() }, strict),
  Type.Object(
    {
      do: Type.Literal('notify'),
      who: Type.Union([
        Type.Literal('assignee'),
        Type.Object({ agentId: Type.String() }, strict),
        Type.Object({ teamId: Type.String() }, strict),
      ]),
    },
    strict,
  ),
  ...['a', 'b', 'c', 'd'].map((word) =>
    Type.Object({ do: Type.Literal(word), text: Type.String(), more: Type.Integer() }, strict),
  ),
])
const schema = Type.Object(
  {
    targets: Type.Optional(
      Type.Array(
        Type.Object({
          metric: Type.Union([Type.Literal('first'), Type.Literal('last')]),
          actions: Type.Optional(Type.Array(action)),
        }),
      ),
    ),
    team: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
    value: Type.Optional(Type.Union([Type.String({ maxLength: 3 }), Type.Number(), Type.Boolean()])),
    level: Type.Optional(Type.Enum(['low', 'high'])),
    by: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Literal(1), Type.Literal(2)]))),
  },
  strict,
)
const problems = (value: unknown) => problemsOf(schema, value).map(({ at, message }) => `${at} ${message}`)
const acts = (...actions: unknown[]) => problems({ targets: [{ metric: 'first', actions }] })
const at = '/targets/0/actions'

t.test('of words, all that are allowed are named', async (t) => {
  t.same(problems({ targets: [{ metric: 'first' }, { metric: 'second' }] }), [
    '/targets/1/metric must be one of first, last',
  ])
  t.same(problems({ level: 'middle' }), ['/level must be one of low, high'])
  t.same(problems({ by: { x: 1, y: 3 } }), ['/by/y must be one of 1, 2'])
})

t.test('of several shapes, the one that was meant is looked at', async (t) => {
  t.same(acts({ do: 'tag', tag: 'x' }, { do: 'shout' }), [
    `${at}/1/do must be one of tag, notify, a, b, c, d`,
  ])
  t.same(acts({ tag: 'x' }), [`${at}/0/do is missing: one of tag, notify, a, b, c, d`])
  t.same(acts({ do: 'tag' }), [`${at}/0/tag is missing`])
  t.same(acts({ do: 'tag', tag: 'x', colour: 'red' }), [`${at}/0/colour is not known here`])
  t.same(acts({ do: 'c', text: 'x', more: 'y' }), [`${at}/0/more must be integer`])
  t.same(acts({ do: 'notify', who: 'boss' }), [
    `${at}/0/who must be one of assignee, { agentId }, { teamId }`,
  ])
  t.same(acts('tag'), [
    `${at}/0 must be one of ${'{ do, tag }, { do, who }'}${', { do, text, more }'.repeat(4)}`,
  ])
})

t.test('of several types, the one that was meant is looked at', async (t) => {
  t.same(problems({ team: '' }), ['/team must not have fewer than 1 characters'])
  t.same(problems({ team: 1 }), ['/team must be string'])
  t.same(problems({ value: 'long' }), ['/value must not have more than 3 characters'])
  t.same(problems({ value: [] }), ['/value must be one of text, a number, true or false'])
  t.same(problems({ colour: 'red' }), ['/colour is not known here'])
  t.same(problems({ team: null, value: 1 }), [])
})
