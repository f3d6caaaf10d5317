// Plugins: what is on and how it does, their notices, the way back for a handler that was switched off; and the routes
// that they bring themselves.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import Type from 'typebox'
import { within } from '../../clock.js'
import { fail } from '../../errors.js'
import { permissions } from '../../people/permissions.js'
import { TRANSACTION_MS } from '../../plugin/app.js'
import { diagnose } from '../../plugin/doctor.js'
import type { PluginHost } from '../../plugin/host.js'
import { allInstalled, jobsOf, uninstall } from '../../plugin/lifecycle.js'
import { readNotices } from '../../plugin/notices.js'
import type { PluginCall } from '../../plugin/route.js'
import type { HttpDeps, Routes } from '../context.js'
import type { Call } from '../route.js'
import { orNull, strict } from '../schemas.js'
import { sendText } from '../text-answer.js'
import { list } from './desk-common.js'

const byName = Type.Object({ name: Type.String({ maxLength: 40, examples: ['webhooks'] }) })

const summary = {
  name: Type.String(),
  version: Type.String(),
  state: Type.String({ description: '`on`, or `off`: installed once, but not listed now', examples: ['on'] }),
  description: Type.String(),
  switchedOff: Type.Integer({ description: 'Handlers that were switched off after failures' }),
}

const noticeSchema = Type.Object({
  plugin: Type.String(),
  key: Type.String(),
  level: Type.String(),
  text: Type.String(),
  createdAt: Type.String({ format: 'date-time' }),
})

export const pluginRoutes: Routes = (add, deps) => {
  const { db, plugins } = deps
  add({
    method: 'GET',
    url: '/plugins',
    permission: permissions.operationsRead,
    tag: 'Plugins',
    summary: 'Plugins of this desk, those that were switched off too',
    response: { 200: Type.Object({ items: Type.Array(Type.Object(summary)), nextCursor: Type.Null() }) },
    handler: async () => list(await pluginList(deps)),
  })
  add({
    method: 'GET',
    url: '/plugins/:name',
    permission: permissions.operationsRead,
    tag: 'Plugins',
    summary: 'One plugin: its handlers with their failures, its jobs, panels and notices',
    params: byName,
    response: {
      200: Type.Object({
        ...summary,
        handlers: Type.Array(
          Type.Object({
            handler: Type.String({ examples: ['on ticketCreated/notify'] }),
            kind: Type.String(),
            runs: Type.Integer({ description: 'Since this process started' }),
            failures: Type.Integer(),
            meanMs: Type.Number(),
            slowestMs: Type.Number(),
            lastError: orNull(Type.String()),
            off: orNull(Type.String({ description: 'Why it is switched off' })),
          }),
        ),
        jobs: Type.Array(Type.Object({ job: Type.String(), state: Type.String(), count: Type.Integer() })),
        panels: Type.Array(
          Type.Object({
            slot: Type.String(),
            title: Type.String(),
            element: Type.String(),
            url: Type.String(),
          }),
        ),
        notices: Type.Array(noticeSchema),
      }),
    },
    async handler({ params: { name } }) {
      const row = (await pluginList(deps)).find((one) => one.name === name)
      if (!row) throw fail('not_found')
      return {
        ...row,
        handlers: handlersOf(plugins, name),
        jobs: await jobsOf(db, name),
        panels: panelsOf(plugins, name),
        notices: (await readNotices(db, name)).map(shown),
      }
    },
  })
  add({
    method: 'GET',
    url: '/plugins/:name/doctor',
    permission: permissions.operationsRead,
    tag: 'Plugins',
    summary: 'What is wrong with a plugin: failing or slow handlers, unfinished jobs, tables that do not fit',
    params: byName,
    response: {
      200: Type.Object({
        ok: Type.Boolean(),
        findings: Type.Array(Type.Object({ what: Type.String(), todo: Type.String() })),
      }),
    },
    handler: async ({ params: { name } }) => diagnose(db, plugins, name),
  })
  add({
    method: 'POST',
    url: '/plugins/:name/handlers/on',
    permission: permissions.operationsManage,
    tag: 'Plugins',
    summary: 'Switch a handler on again that was switched off after failures',
    params: byName,
    body: strict({ handler: Type.String({ maxLength: 200, examples: ['filter createTicket/tagger'] }) }),
    response: { 204: null },
    handler: async ({ params: { name }, body: { handler }, write }) =>
      write(async (tx) => {
        if (!(await plugins.switchOn(tx, name, handler))) throw fail('not_found')
      }),
  })
  add({
    method: 'DELETE',
    url: '/plugins/:name',
    permission: permissions.operationsManage,
    tag: 'Plugins',
    summary: 'Uninstall a plugin that is off: its tables, settings, fields and jobs are dropped',
    params: byName,
    response: { 204: null },
    async handler({ params: { name } }) {
      await uninstall(
        db,
        name,
        plugins.all.map(({ plugin }) => plugin.name),
      )
    },
  })
  add({
    method: 'GET',
    url: '/notices',
    permission: permissions.operationsRead,
    tag: 'Plugins',
    summary: 'What plugins have to tell administrators',
    response: { 200: Type.Object({ items: Type.Array(noticeSchema), nextCursor: Type.Null() }) },
    handler: async () => list((await readNotices(db)).map(shown)),
  })
  add({
    method: 'GET',
    url: '/plugins/:name/panels/:element',
    permission: 'any',
    tag: 'Plugins',
    summary: 'The module that defines a panel of the console',
    params: Type.Object({ name: Type.String({ maxLength: 40 }), element: Type.String({ maxLength: 80 }) }),
    response: { 200: Type.String({ description: 'text/javascript' }) },
    async handler({ params: { name, element }, reply }) {
      const found = plugins.all.find(({ plugin }) => plugin.name === name)?.plugin
      const panel = found?.panels?.find((one) => one.element === element)
      if (!panel) throw fail('not_found')
      reply.type('text/javascript; charset=utf-8')
      return reply.send(await readFile(fileURLToPath(panel.module)))
    },
  })
  addOwnRoutes(add, plugins)
}

const addOwnRoutes = (add: Parameters<Routes>[0], plugins: PluginHost) => {
  for (const { plugin, registered } of plugins.all)
    for (const { handler, filename, ...route } of registered.routes)
      add({
        ...route,
        url: `/plugins/${plugin.name}${route.url === '/' ? '' : route.url}`,
        tag: `Plugin ${plugin.name}`,
        async handler(call) {
          const own = ownCall(call)
          const body = await handler(own)
          if (route.produces === undefined) return body
          const [status = 200] = Object.keys(route.response).map(Number)
          if (call.reply.statusCode === 200) call.reply.code(status)
          const name = typeof filename === 'function' ? filename(own) : filename
          return sendText(call.reply, { produces: route.produces, filename: name }, body)
        },
      })
}

/** The request as a plugin sees it. */
const ownCall = (call: Call<unknown, unknown, unknown>): PluginCall<never, never, never> => ({
  params: call.params as never,
  query: call.query as never,
  body: call.body as never,
  headers: call.request.headers,
  get who() {
    return call.who
  },
  write: (work) => call.write((tx) => within(TRANSACTION_MS, () => work(tx as never))),
})

async function pluginList({ db, plugins }: HttpDeps) {
  const on = plugins.all.map(({ plugin: { name, version, description = '' } }) => ({
    name,
    version,
    state: 'on',
    description,
    switchedOff: plugins.handlers(name).filter(({ off }) => off !== null).length,
  }))
  const off = (await allInstalled(db))
    .filter(({ name }) => !on.some((one) => one.name === name))
    .map(({ name, version }) => ({ name, version, state: 'off', description: '', switchedOff: 0 }))
  return [...on, ...off]
}

const handlersOf = (plugins: PluginHost, name: string) =>
  plugins.handlers(name).map(({ handler, kind, runs, failures, totalMs, slowestMs, lastError, off }) => ({
    ...{ handler, kind, runs, failures, lastError, off },
    meanMs: runs > 0 ? Math.round((totalMs / runs) * 100) / 100 : 0,
    slowestMs: Math.round(slowestMs * 100) / 100,
  }))

const panelsOf = (plugins: PluginHost, name: string) =>
  (plugins.all.find(({ plugin }) => plugin.name === name)?.plugin.panels ?? []).map(
    ({ slot, title, element }) => ({
      ...{ slot, title, element },
      url: `/api/plugins/${name}/panels/${element}`,
    }),
  )

const shown = <Row extends { createdAt: Date }>(row: Row) => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
})
