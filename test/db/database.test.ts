// What the rest of the code relies on, whatever database is behind it: the same code, the same answers.
import { and, asc, eq, gt, or, sql } from 'drizzle-orm'
import t from 'tap'
import { newId } from '../../src/clock.js'
import { param } from '../../src/db/param.js'
import { prepared, type Tx } from '../../src/db/types.js'
import { closePglite } from '../../src/testing/index.js'
import { DATABASES, openManual, pause, times } from '../support/databases.js'

const setting = (key: string, value: unknown, updatedAt: Date, updatedBy: string | null = null) => ({
  key,
  value,
  updatedAt,
  updatedBy,
})

const bySql = prepared<{ key: string; value: unknown; at: Date; by: string | null }, { key: string }>(
  (q, t) =>
    q
      .insert(t.settings)
      .values({
        key: sql.placeholder('key'),
        value: sql.placeholder('value'),
        updatedAt: sql.placeholder('at'),
        updatedBy: sql.placeholder('by'),
      })
      .returning({ key: t.settings.key }) as never,
)
const since = prepared<{ at: Date }, { key: string }>((q, t) =>
  q
    .select({ key: t.settings.key })
    .from(t.settings)
    .where(eq(t.settings.updatedAt, param(t.settings.updatedAt, 'at'))),
)

t.teardown(closePglite)
for (const name of DATABASES)
  t.test(name, async (t) => {
    const { db, clock } = await openManual(t, name)
    const { settings, limits, contacts, identities, agents } = db.t
    const now = clock.now()
    const keys = async () => (await db.select().from(settings).orderBy(settings.key)).map(({ key }) => key)
    t.afterEach(async () => {
      await db.transaction(async (tx) => {
        for (const table of [settings, limits, contacts, identities, agents]) await tx.delete(table)
      })
    })

    t.test('thirty transactions at once: those that throw are undone alone', async (t) => {
      const results = await Promise.allSettled(
        times(30, (i) =>
          db.transaction(async (tx) => {
            await tx.insert(settings).values(setting(`k${String(i).padStart(2, '0')}`, i, now))
            await Promise.resolve()
            if (i % 7 === 3) throw new Error(`no ${i}`)
            return i
          }),
        ),
      )
      const failed = [3, 10, 17, 24]
      t.same(
        results.map((r) => (r.status === 'fulfilled' ? r.value : (r.reason as Error).message)),
        times(30, (i) => (failed.includes(i) ? `no ${i}` : i)),
      )
      t.same(
        (await keys()).map((key) => Number(key.slice(1))),
        times(30, (i) => i).filter((i) => !failed.includes(i)),
      )
    })

    t.test('an error of a statement undoes its transaction and no other', async (t) => {
      await db.transaction((tx) => tx.insert(settings).values(setting('once', 1, now)))
      const [twice, other] = await Promise.allSettled([
        db.transaction(async (tx) => {
          await tx.insert(settings).values(setting('before', 1, now))
          await tx.insert(settings).values(setting('once', 2, now))
        }),
        db.transaction((tx) => tx.insert(settings).values(setting('other', 1, now))),
      ])
      t.equal(twice.status, 'rejected')
      t.equal(db.dialect.isUniqueViolation((twice as PromiseRejectedResult).reason), true)
      t.equal(db.dialect.isUniqueViolation(new Error('UNIQUE')), false)
      t.equal(other.status, 'fulfilled')
      t.same(await keys(), ['once', 'other'])
    })

    t.test('the guards: db inside, a second transaction inside, tx after its end', async (t) => {
      let kept: Tx | undefined
      await db.transaction(async (tx) => {
        kept = tx
        t.throws(() => db.select().from(settings), /db was used inside a transaction/)
        t.throws(() => db.rows(sql`select 1`), /db was used inside a transaction/)
        await t.rejects(
          db.transaction(async () => 1),
          /db was used inside a transaction/,
        )
        await tx.insert(settings).values(setting('still works', 1, now))
      })
      for (const use of [
        () => kept!.select(),
        () => kept!.insert(settings),
        () => kept!.update(settings),
        () => kept!.delete(settings),
      ])
        t.throws(use, /after the end of its transaction/)
      await t.rejects(kept!.run(since, { at: now }), /after the end/)
      t.throws(() => kept!.exec(sql`delete from settings`), /after the end/)
      await t.rejects(
        db.transaction(async (tx) => {
          kept = tx
          throw new Error('undone')
        }),
        /undone/,
      )
      t.throws(() => kept!.select(), /after the end of its transaction/)
      t.same(await keys(), ['still works'])
    })

    t.test('work that goes on after its transaction failed cannot write any more', async (t) => {
      let late: Promise<unknown> | undefined
      await t.rejects(
        db.transaction(async (tx) => {
          late = pause(5).then(() => tx.insert(settings).values(setting('late', 1, now)))
          late.catch(() => {})
          throw new Error('gone')
        }),
        /gone/,
      )
      await t.rejects(late!, /after the end/)
      t.same(await keys(), [])
    })

    t.test(
      'listeners hear what was announced after the commit, and nothing of what was undone',
      async (t) => {
        const heard: (Date | undefined)[] = []
        db.onCommit('jobs', (at) => heard.push(at))
        await db.transaction(async (tx) => {
          tx.announce('jobs', now)
          await tx.insert(settings).values(setting('a', 1, now))
          t.same(heard, [])
        })
        await t.rejects(
          db.transaction(async (tx) => {
            tx.announce('jobs')
            throw new Error('no')
          }),
        )
        t.same(heard, [now])
      },
    )

    t.test('JSON, NULL, instants with milliseconds and booleans come back as they went in', async (t) => {
      const values = [{ a: [1, 'ü', null, { b: true }], 'x"y': '\\' }, [], 'text', 12.5, false, null, '2020']
      const at = new Date('2026-03-01T10:11:12.345Z')
      await db.transaction(async (tx) => {
        for (const [i, value] of values.entries()) {
          if (value === null) continue
          await tx.run(bySql, { key: `p${i}`, value, at, by: i % 2 ? 'ann' : null })
          await tx.insert(settings).values(setting(`v${i}`, value, at))
        }
        for (const active of [true, false])
          await tx.insert(agents).values({
            id: String(active),
            name: 'ß',
            email: `${active}@x`,
            roleId: 'r',
            passwordHash: null,
            active,
            createdAt: at,
          })
      })
      const rows = new Map((await db.select().from(settings)).map((row) => [row.key, row]))
      for (const [i, value] of values.entries()) {
        if (value === null) continue
        t.same(rows.get(`p${i}`), setting(`p${i}`, value, at, i % 2 ? 'ann' : null))
        t.same(rows.get(`v${i}`), setting(`v${i}`, value, at))
      }
      t.equal((await db.run(since, { at })).length, 12)
      t.equal((await db.run(since, { at: new Date(at.getTime() + 1) })).length, 0)
      t.same(await db.select({ id: agents.id }).from(agents).where(eq(agents.active, true)), [{ id: 'true' }])
      t.match(await db.select().from(agents).where(eq(agents.id, 'false')), [
        { active: false, passwordHash: null },
      ])
    })

    t.test('upsert, returning, a conditional update, a join and what matches nothing', async (t) => {
      const written = await db.transaction(async (tx) => {
        const put = (left: number) =>
          tx
            .insert(limits)
            .values({ key: 'k', left, at: now })
            .onConflictDoUpdate({ target: limits.key, set: { left: sql`${limits.left} + excluded.left` } })
            .returning()
        const first = await put(1.5)
        const second = await put(2)
        const none = await tx
          .insert(limits)
          .values({ key: 'k', left: 9, at: now })
          .onConflictDoNothing()
          .returning()
        await tx.insert(contacts).values({
          id: 'c1',
          version: 1,
          name: 'Ann',
          notes: '',
          createdAt: now,
          updatedAt: now,
        })
        await tx.insert(identities).values({ id: 'i1', contactId: 'c1', kind: 'email', value: 'a@x' })
        return { first, second, none }
      })
      t.same(written, {
        first: [{ key: 'k', left: 1.5, at: now }],
        second: [{ key: 'k', left: 3.5, at: now }],
        none: [],
      })
      const rename = (version: number) =>
        db.transaction((tx) =>
          tx
            .update(contacts)
            .set({ name: 'Bea', version: version + 1 })
            .where(and(eq(contacts.id, 'c1'), eq(contacts.version, version)))
            .returning({ version: contacts.version }),
        )
      // Which of the two comes first is up to the database.
      const renamed = await Promise.all([rename(1), rename(1), rename(7)])
      t.same(
        renamed.toSorted((a, b) => b.length - a.length),
        [[{ version: 2 }], [], []],
      )
      const joined = db
        .select({ name: contacts.name, value: identities.value, language: contacts.language })
        .from(identities)
        .innerJoin(contacts, eq(contacts.id, identities.contactId))
      t.same(await joined, [{ name: 'Bea', value: 'a@x', language: null }])
      t.same(await db.select().from(contacts).where(eq(contacts.id, 'nobody')), [])
    })

    t.test('thirty upserts of one row at once are all counted', async (t) => {
      await Promise.all(
        times(30, () =>
          db.transaction((tx) =>
            tx
              .insert(limits)
              .values({ key: 'count', left: 1, at: now })
              .onConflictDoUpdate({ target: limits.key, set: { left: sql`${limits.left} + 1` } }),
          ),
        ),
      )
      t.match(await db.select().from(limits), [{ key: 'count', left: 30 }])
    })

    t.test('pages by a key with ties skip nothing and repeat nothing', async (t) => {
      await db.transaction(async (tx) => {
        for (let i = 0; i < 25; i++)
          await tx.insert(settings).values(setting(newId(), i, new Date(now.getTime() + (i % 3))))
      })
      const page = (after?: { at: Date; key: string }) =>
        db
          .select()
          .from(settings)
          .where(
            after &&
              or(
                gt(settings.updatedAt, after.at),
                and(eq(settings.updatedAt, after.at), gt(settings.key, after.key)),
              ),
          )
          .orderBy(asc(settings.updatedAt), asc(settings.key))
          .limit(4)
      const seen: string[] = []
      for (let rows = await page(); rows.length > 0; ) {
        seen.push(...rows.map(({ key }) => key))
        const last = rows.at(-1)!
        rows = await page({ at: last.updatedAt, key: last.key })
      }
      t.equal(seen.length, 25)
      t.equal(new Set(seen).size, 25)
    })

    t.test('text in a number column is refused', async (t) => {
      const bad = sql`insert into contacts (id, version, name, notes, created_at, updated_at)
        values ('x', 'abc', 'n', '', ${settings.updatedAt.mapToDriverValue(now)}, ${settings.updatedAt.mapToDriverValue(now)})`
      await t.rejects(db.transaction((tx) => tx.exec(bad)))
      t.same(await db.select().from(contacts), [])
    })
  })
