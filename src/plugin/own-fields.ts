// The fields of one plugin: it says `due`, the desk keeps `sla.due`.
import type { Actor, Desk } from '../tickets/desk.js'
import { type FieldDefinition, readFields, readFieldsOf } from '../tickets/fields.js'
import { setFields, setFieldsOfMany } from '../tickets/set-fields.js'
import { coreReader, coreTx, type FieldValues, type PluginApp } from './app.js'
import { mustFind } from './commands.js'
import type { Plugin } from './define.js'

export function ownFields(
  { name, fields = {} }: Plugin,
  desk: Desk,
  actor: Actor,
): Pick<PluginApp, 'fields' | 'setFields' | 'readFields'> {
  const prefix = `${name}.`
  const full = (values: object) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]))
  const own = (values: object) =>
    Object.fromEntries(
      Object.entries(values).flatMap(([key, value]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
      ),
    )
  const one = (field: string): PluginApp['fields'][string] => ({
    get: async (r, ticketId) => ((await readFields(coreReader(r), ticketId))[field] ?? null) as never,
    async set(tx, ticketId, value) {
      const core = coreTx(tx)
      await setFields(core, desk, actor, await mustFind(core, ticketId), { [field]: value })
    },
  })
  return {
    fields: Object.fromEntries(Object.keys(fields).map((key) => [key, one(prefix + key)])),
    setFields: (tx, sets) =>
      setFieldsOfMany(
        coreTx(tx),
        desk,
        actor,
        sets.map(({ ticketId, values }) => ({ ticketId, values: full(values) })),
      ),
    async readFields(r, ticketIds) {
      const found = new Map<string, FieldValues<Record<string, FieldDefinition>>>()
      for (const [id, all] of await readFieldsOf(coreReader(r), ticketIds)) {
        const values = own(all)
        if (Object.keys(values).length > 0) found.set(id, values)
      }
      return found
    },
  }
}
