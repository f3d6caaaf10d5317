// The two pure questions: what would the timers be, and what would have been missed. Nothing is stored.
import Type from 'typebox'
import type { App } from '../app.js'
import { evaluate } from '../engine/evaluate.js'
import type { Parts } from '../ticket/plan.js'
import { shown, timerShape } from './answer.js'
import { body, questionOf } from './body.js'
import { outcome, type Resolver, simulate, simulation } from './simulate.js'

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

export function simulateRoute(parts: Parts, resolve: Resolver): void {
  const { app } = parts
  app.route({
    method: 'POST',
    url: '/simulate',
    permission: app.permissions.read,
    summary: 'Try policies and calendars on the tickets of the last days, before they are saved',
    body: simulation,
    response: { 200: outcome },
    handler: ({ body, who }) => simulate(parts, resolve, who, body),
  })
}
