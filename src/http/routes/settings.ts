// Settings: what administrators change while the desk runs.
import Type from 'typebox'
import { permissions } from '../../people/permissions.js'
import type { Routes } from '../context.js'
import { all, list } from './desk-common.js'

export const settingRoutes: Routes = (add, { settings }) => {
  add({
    method: 'GET',
    url: '/settings',
    permission: permissions.settingsManage,
    tag: 'Desk',
    summary: 'Every setting with its value and default',
    response: { 200: all('Setting') },
    handler: async () => list(settings.all()),
  })
  add({
    method: 'PATCH',
    url: '/settings',
    permission: permissions.settingsManage,
    tag: 'Desk',
    summary: 'Change settings; null puts one back to its default',
    body: Type.Object(
      {},
      { additionalProperties: Type.Unknown(), minProperties: 1, examples: [{ 'replies.undoSeconds': 20 }] },
    ),
    response: { 200: all('Setting') },
    async handler({ who, body, write }) {
      await write(async (tx) => {
        for (const [key, value] of Object.entries(body))
          if (value === null) await settings.unset(tx, key)
          else await settings.set(tx, key, value, who.agentId)
      })
      await settings.load()
      return list(settings.all())
    },
  })
}
