// The roles every desk starts with; changed ones are left as they are.
import { inArray } from 'drizzle-orm'
import { newId } from '../clock.js'
import type { Db } from '../db/types.js'
import { defaultRoles } from '../people/permissions.js'

export async function ensureRoles(db: Db): Promise<void> {
  const names = defaultRoles.map(({ name }) => name)
  const known = await db
    .select({ name: db.t.roles.name })
    .from(db.t.roles)
    .where(inArray(db.t.roles.name, names))
  if (known.length === names.length) return
  await db.transaction(async (tx) => {
    for (const role of defaultRoles)
      await tx
        .insert(tx.t.roles)
        .values({ id: newId(), ...role })
        .onConflictDoNothing()
  })
}
