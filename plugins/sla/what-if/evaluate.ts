// POST /evaluate: what would the timers be? Nothing is read and nothing is stored.
import Type from 'typebox'
import type { App } from '../app.js'
import { evaluate } from '../engine/evaluate.js'
import { shown, timerShape } from './answer.js'
import { body, questionOf } from './body.js'

export function evaluateRoute(app: App): void {
  app.route({
    method: 'POST',
    url: '/evaluate',
    permission: app.permissions.read,
    summary: 'What if: the timers that come out of a calendar, targets and facts',
    description:
      'A pure question: nothing is stored. Facts that lie after `now` are taken as having happened. `minutes` count on the opening hours of the calendar.',
    body,
    response: { 200: Type.Object({ timers: Type.Array(timerShape) }) },
    handler: async ({ body }) => {
      const { facts, now } = questionOf(body)
      return { timers: evaluate(facts, now).map(({ timer }) => shown(timer)) }
    },
  })
}
