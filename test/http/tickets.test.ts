// Agents at work over REST, on both databases.
import t from 'tap'
import { closePglite, type TestApp, testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'

t.teardown(closePglite)

const numbers = (response: { body: { items: { number: number }[] } }) =>
  response.body.items.map(({ number }) => number)

async function fill(app: TestApp) {
  const other = await app.addInbox('sales@desk.example')
  for (let i = 1; i <= 12; i++) {
    app.clock.advance(1000)
    const address = i % 3 === 0 ? other.address : app.inbox.address
    await app.mail(
      mail({
        from: `g${i}@guest.example`,
        subject: `Röom ${i} ${i % 2 ? 'noise' : 'Frühstück'}`,
        to: address,
      }),
      address,
    )
  }
  return other
}

for (const database of ['sqlite', 'postgres'] as const)
  t.test(`tickets over REST (${database})`, async (t) => {
    const app = await testApp(t, { database })
    const other = await fill(app)
    const agent = await app.agent('agent', [app.inbox, other])

    await t.test(
      'a list is read to its end in pages, in every order, nothing twice and nothing left out',
      async (t) => {
        for (const sort of ['-created', 'created', '-updated', 'updated']) {
          const seen: number[] = []
          let cursor: string | null = ''
          while (cursor !== null) {
            const page = await app.call(
              'GET',
              `/api/tickets?limit=5&sort=${sort}${cursor && `&cursor=${cursor}`}`,
            )
            seen.push(...numbers(page))
            cursor = page.body.nextCursor
          }
          const up = Array.from({ length: 12 }, (_, i) => i + 1)
          t.strictSame(seen, sort.startsWith('-') ? up.reverse() : up, sort)
        }
        const { nextCursor } = (await app.call('GET', '/api/tickets?limit=5')).body
        t.match(await app.call('GET', `/api/tickets?sort=updated&cursor=${nextCursor}`), {
          status: 400,
          body: { code: 'invalid_cursor' },
        })
      },
    )

    await t.test(
      'filters combine; words of the subject are found by their beginnings, whatever their accents',
      async (t) => {
        t.strictSame(numbers(await app.call('GET', `/api/tickets?inboxId=${other.id}`)), [12, 9, 6, 3])
        t.strictSame(numbers(await app.call('GET', `/api/tickets?inboxId=${other.id}&subject=NOI`)), [9, 3])
        t.strictSame(numbers(await app.call('GET', '/api/tickets?subject=fruhst%2012')), [12])
        t.strictSame(numbers(await app.call('GET', '/api/tickets?subject=room%20zebra')), [])
        t.equal(numbers(await app.call('GET', '/api/tickets?status=new,open&assigneeId=none')).length, 12)
        t.strictSame(numbers(await app.call('GET', '/api/tickets?status=solved')), [])
        t.strictSame(
          numbers(await app.call('GET', '/api/tickets?updatedSince=2026-03-03T09:00:11.000Z')),
          [12, 11],
        )
      },
    )

    await t.test(
      'a change needs the version that was read; the timeline says who changed what',
      async (t) => {
        const { body: ticket } = await app.call('GET', '/api/tickets/1')
        const change = {
          version: ticket.version,
          priority: 'high',
          assigneeId: agent.id,
          tags: ['VIP', 'vip ', 'late'],
        }
        const changed = await app.call('PATCH', '/api/tickets/1', change, { token: agent.token })
        t.match(changed, {
          status: 200,
          body: { priority: 'high', assigneeId: agent.id, version: ticket.version + 1 },
        })
        t.strictSame(changed.body.tags, ['vip', 'late'])
        t.match(await app.call('PATCH', '/api/tickets/1', change), {
          status: 409,
          body: { code: 'version_conflict', current: { priority: 'high', version: ticket.version + 1 } },
        })
        t.strictSame(
          numbers(await app.call('GET', `/api/tickets?tag=VIP&assigneeId=${agent.id}&priority=high`)),
          [1],
        )
        const { items } = (await app.call('GET', '/api/tickets/1/timeline')).body
        t.match(items.at(-1), {
          type: 'changed',
          actorKind: 'agent',
          actorId: agent.id,
          data: { priority: ['normal', 'high'] },
        })
        const version = changed.body.version
        const same = await app.call('PATCH', '/api/tickets/1', { version, priority: 'high' })
        t.equal(same.body.version, version, 'nothing changed, so nothing is written')
      },
    )

    await t.test('solve, reopen, assign and tags are one call each', async (t) => {
      t.match(await app.call('POST', '/api/tickets/2/solve'), { body: { status: 'solved' } })
      t.ok((await app.call('GET', '/api/tickets/2')).body.solvedAt)
      t.match(await app.call('POST', '/api/tickets/2/reopen'), { body: { status: 'open' } })
      t.equal((await app.call('GET', '/api/tickets/2')).body.solvedAt, null)
      t.match(await app.call('POST', '/api/tickets/2/assign', { teamId: agent.teamId }), {
        body: { teamId: agent.teamId },
      })
      t.match(await app.call('POST', '/api/tickets/2/assign', { assigneeId: 'nobody' }), {
        status: 422,
        body: { code: 'unknown_reference', errors: [{ field: 'body/assigneeId' }] },
      })
      t.match(await app.call('PUT', '/api/tickets/2/tags', { tags: ['a', 'b'] }), {
        body: { tags: ['a', 'b'] },
      })
      t.strictSame(numbers(await app.call('GET', '/api/tickets?tag=a')), [2])
      t.match(await app.call('PUT', '/api/tickets/2/tags', { tags: [] }), { body: { tags: [] } })
      t.strictSame(numbers(await app.call('GET', '/api/tickets?tag=a')), [])
    })

    await t.test('a ticket is made on behalf of a contact, with a note or a message', async (t) => {
      const body = {
        subject: 'By phone',
        inboxId: app.inbox.id,
        requester: { name: 'Zoë', address: 'zoe@guest.example' },
      }
      const made = await app.call('POST', '/api/tickets', {
        ...body,
        note: 'She called.',
        message: 'Thank you.',
        tags: ['phone'],
      })
      t.match(made, { status: 201, body: { requesterName: 'Zoë', status: 'open', tags: ['phone'] } })
      t.strictSame(
        made.body.messages.map((m: { direction: string }) => m.direction),
        ['note', 'out'],
      )
      app.clock.advance(60_000)
      await app.runJobs()
      t.match(app.outbox.at(-1), { to: [{ address: 'zoe@guest.example' }] })
      t.match(await app.call('POST', '/api/tickets', { subject: 'x', inboxId: app.inbox.id }), {
        status: 400,
        body: { errors: [{ field: 'body/requester' }] },
      })
    })

    await t.test(
      'a file goes up, out with a reply, and down again, under its own name and as a download',
      async (t) => {
        const bytes = Buffer.from([0, 1, 2, 255])
        const up = await app.call(
          'POST',
          '/api/attachments?filename=..%2Ffloor%20plan.svg&contentType=image/svg%2Bxml',
          bytes,
        )
        t.match(up, { status: 201, body: { filename: 'floor plan.svg', size: 4 } })
        const reply = await app.call('POST', '/api/tickets/3/replies', {
          text: 'See the plan.',
          attachments: [up.body.id],
        })
        t.equal(reply.body.attachments.length, 1)
        const again = await app.call('POST', '/api/tickets/3/replies', {
          text: 'Again.',
          attachments: [up.body.id],
        })
        t.match(again, { status: 422, body: { code: 'unknown_reference' } })
        const down = await app.call('GET', `/api/attachments/${up.body.id}`)
        t.match(down.headers, {
          'content-type': 'application/octet-stream',
          'content-disposition': /^attachment; filename="floor plan.svg"/,
          'x-content-type-options': 'nosniff',
          'content-security-policy': /sandbox/,
        })
      },
    )

    await t.test('a message is moved to a ticket of its own, and back', async (t) => {
      const first = await app.mail(mail({ from: 'mo@guest.example', id: 'mo1@guest.example' }))
      const second = await app.mail(
        mail({ from: 'mo@guest.example', headers: { 'In-Reply-To': '<mo1@guest.example>' } }),
      )
      const moved = await app.call('POST', `/api/messages/${second.messageId}/move`, { to: null })
      t.not(moved.body.ticketId, first.ticketId)
      const back = await app.call('POST', `/api/messages/${second.messageId}/move`, { to: first.ticketId })
      t.equal(back.body.ticketId, first.ticketId)
      const { items } = (await app.call('GET', `/api/tickets/${first.ticketId}/timeline`)).body
      t.equal(items.filter(({ type }: { type: string }) => type === 'message_moved').length, 2)
    })

    await t.test('contacts are found, changed under their version, and never share an address', async (t) => {
      const { items } = (await app.call('GET', '/api/contacts?email=G1@guest.example')).body
      t.equal(items.length, 1)
      const [contact] = items
      const identities = [...contact.identities, { kind: 'phone', value: '+43123456' }]
      const changed = await app.call('PATCH', `/api/contacts/${contact.id}`, {
        version: 1,
        name: 'Gina',
        language: 'de',
        identities,
      })
      t.match(changed, {
        status: 200,
        body: { name: 'Gina', version: 2, identities: [{ kind: 'email' }, { kind: 'phone' }] },
      })
      t.match(await app.call('PATCH', `/api/contacts/${contact.id}`, { version: 1, name: 'x' }), {
        status: 409,
      })
      const taken = { name: 'Twin', identities: [{ kind: 'email', value: 'g1@guest.example' }] }
      t.match(await app.call('POST', '/api/contacts', taken), {
        status: 409,
        body: { code: 'already_exists' },
      })
      t.equal((await app.call('GET', '/api/contacts?name=Gi')).body.items.length, 1)
      t.strictSame(numbers(await app.call('GET', `/api/contacts/${contact.id}/tickets`)), [1])
    })
  })
