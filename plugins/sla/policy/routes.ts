// The routes of policies.
import type { PluginTx } from 'frontdesk/plugin'
import Type from 'typebox'
import { addPolicy, changePolicy, type Editing, mustFind, orderPolicies, removePolicy } from './edit.js'
import { newPolicy, policy, policyChanges } from './policy.js'

const params = Type.Object({ id: Type.String({ maxLength: 100 }) })
const list = Type.Object({
  revision: Type.Integer({ description: 'Counts the states of the whole list.' }),
  items: Type.Array(policy),
})

export function policyRoutes(editing: Editing, reapply: (tx: PluginTx) => Promise<void>): void {
  const { app, books } = editing
  const { read, manage } = app.permissions
  app.route({
    method: 'GET',
    url: '/policies',
    permission: read,
    summary: 'Policies in the order in which they are asked: the first that fits holds',
    response: { 200: list },
    handler: async () => {
      const { revision, policies } = await books.newest(app.db)
      return { revision, items: policies }
    },
  })
  app.route({
    method: 'GET',
    url: '/policies/:id',
    permission: read,
    summary: 'One policy',
    params,
    response: { 200: policy },
    handler: async ({ params }) => mustFind((await books.newest(app.db)).policies, params.id),
  })
  app.route({
    method: 'POST',
    url: '/policies',
    permission: manage,
    summary: 'Add a policy; it holds for tickets that come from now on',
    body: newPolicy,
    response: { 201: policy },
    handler: ({ body, who, write }) => write((tx) => addPolicy(editing, tx, body, who.agentId)),
  })
  app.route({
    method: 'PATCH',
    url: '/policies/:id',
    permission: manage,
    summary: 'Change a policy',
    description:
      'Tickets that are there stay under the version they came under, until policies are applied anew. Switched off, its running timers are cancelled.',
    params,
    body: policyChanges,
    response: { 200: policy },
    handler: ({ params, body, who, write }) =>
      write((tx) => changePolicy(editing, tx, params.id, body, who.agentId)),
  })
  app.route({
    method: 'DELETE',
    url: '/policies/:id',
    permission: manage,
    summary: 'Take a policy away; its running timers are cancelled',
    params,
    response: { 204: null },
    handler: ({ params, who, write }) => write((tx) => removePolicy(editing, tx, params.id, who.agentId)),
  })
  app.route({
    method: 'PUT',
    url: '/policies/order',
    permission: manage,
    summary: 'Put the policies into another order',
    body: Type.Object(
      { ids: Type.Array(Type.String({ maxLength: 100 }), { maxItems: 1000 }) },
      { additionalProperties: false },
    ),
    response: { 200: Type.Object({ items: Type.Array(policy) }) },
    handler: ({ body, who, write }) =>
      write(async (tx) => ({ items: await orderPolicies(editing, tx, body.ids, who.agentId) })),
  })
  app.route({
    method: 'POST',
    url: '/policies/reapply',
    permission: manage,
    summary: 'Apply the policies anew to all tickets that are not closed; what was consumed stays consumed',
    response: { 202: Type.Object({}) },
    handler: ({ write }) =>
      write(async (tx) => {
        await reapply(tx)
        return {}
      }),
  })
}
