// What plugins add to tickets: typed fields, and the stages of workflows.
import Type from 'typebox'
import { fail } from '../../errors.js'
import { permissions } from '../../people/permissions.js'
import { readFields } from '../../tickets/fields.js'
import { setFields } from '../../tickets/set-fields.js'
import { moveStage, readStages, startWorkflow } from '../../tickets/workflow.js'
import type { Routes } from '../context.js'
import { byId, fieldsSchema, orNull, stagesSchema, strict } from '../schemas.js'
import { list } from './desk-common.js'
import { actorOf } from './ticket-changes.js'
import { ticketFor } from './view.js'

const value = Type.Union([Type.String({ maxLength: 10_000 }), Type.Number(), Type.Boolean(), Type.Null()])

export const fieldRoutes: Routes = (add, { desk }) => {
  add({
    method: 'GET',
    url: '/fields',
    permission: permissions.ticketsRead,
    tag: 'Tickets',
    summary: 'Ticket fields that plugins bring',
    response: {
      200: Type.Object({
        items: Type.Array(
          Type.Object({
            name: Type.String({ examples: ['hotel.room'] }),
            description: Type.String(),
            schema: Type.Object({}, { additionalProperties: true }),
            readOnly: Type.Boolean({
              description: 'The plugin computes it: `PATCH /api/tickets/:id/fields` refuses it',
            }),
          }),
        ),
        nextCursor: Type.Null(),
      }),
    },
    handler: async () => list(desk.fields.all()),
  })
  add({
    method: 'PATCH',
    url: '/tickets/:id/fields',
    permission: permissions.ticketsWrite,
    tag: 'Tickets',
    summary: 'Change fields of a ticket; null takes a value away',
    description:
      'Not those that `GET /api/fields` shows as `readOnly`: a plugin computes them (422 `field_read_only`).',
    params: byId,
    body: Type.Object(
      {},
      {
        additionalProperties: value,
        minProperties: 1,
        maxProperties: 100,
        examples: [{ 'hotel.room': '12' }],
      },
    ),
    response: { 200: fieldsSchema },
    handler: async ({ who, params, body, write }) =>
      write(async (tx) => {
        const ticket = await ticketFor(tx, who, params.id)
        await setFields(tx, desk, actorOf(who), ticket, body as Record<string, unknown>)
        return readFields(tx, ticket.id)
      }),
  })
  add({
    method: 'GET',
    url: '/workflows',
    permission: permissions.ticketsRead,
    tag: 'Tickets',
    summary: 'Workflows that plugins bring, with the stages that may follow each other',
    response: {
      200: Type.Object({
        items: Type.Array(
          Type.Object({
            name: Type.String({ examples: ['carp.complaint'] }),
            initial: Type.String(),
            stages: Type.Object({}, { additionalProperties: Type.Array(Type.String()) }),
          }),
        ),
        nextCursor: Type.Null(),
      }),
    },
    handler: async () => list([...desk.workflows.values()]),
  })
  add({
    method: 'POST',
    url: '/tickets/:id/stages',
    permission: permissions.ticketsWrite,
    tag: 'Tickets',
    summary: 'Put a ticket into a workflow, or move it to another stage',
    params: byId,
    body: strict({
      workflow: Type.String({ maxLength: 100, examples: ['carp.complaint'] }),
      stage: Type.Optional(orNull(Type.String({ maxLength: 100, description: 'Left out: the first stage' }))),
    }),
    response: { 200: stagesSchema },
    handler: async ({ who, params, body: { workflow: name, stage }, write }) =>
      write(async (tx) => {
        const ticket = await ticketFor(tx, who, params.id)
        const workflow = desk.workflows.get(name)
        if (!workflow)
          throw fail('unknown_reference', `There is no workflow "${name}".`, {
            errors: [{ field: 'body/workflow', message: 'does not exist' }],
          })
        if (stage) await moveStage(tx, desk, actorOf(who), workflow, ticket.id, stage)
        else await startWorkflow(tx, desk, actorOf(who), workflow, ticket.id)
        return readStages(tx, ticket.id)
      }),
  })
}
