// /dashboard: bull-board for administrators, to look only. A browser logs in by HTTP Basic with an API token as the
// password; nothing of the board is loaded before somebody who may see it asks.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MINUTE } from '../../clock.js'
import { fail } from '../../errors.js'
import { take } from '../../people/limits.js'
import { permissions } from '../../people/permissions.js'
import { hashToken } from '../../people/tokens.js'
import type { HttpDeps } from '../context.js'
import type { Board } from './board.js'

/** As for logins: counted by address before the token is looked up. */
const TRIES = { most: 50, perMs: 15 * MINUTE }
const KNOWN_MOST = 1000

export function useDashboard(app: FastifyInstance, deps: HttpDeps): void {
  let board: Promise<Board> | undefined
  const known = new Set<string>()
  app.addHook('onClose', async () => (await board?.catch(() => undefined))?.close())

  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    if (!(await mayEnter(deps, known, request, reply))) return reply
    board ??= import('./board.js').then(({ createBoard }) => createBoard(deps))
    // A load that failed is tried again by the next request.
    board.catch(() => {
      board = undefined
    })
    const { status, headers, body } = await (await board).get(request.url)
    return reply
      .code(status)
      .headers({ ...headers, ...security })
      .send(body)
  }
  const route = { method: ['GET', 'HEAD'] as ['GET', 'HEAD'], schema: { hide: true }, handler }
  app.route({ ...route, url: '/dashboard' })
  app.route({ ...route, url: '/dashboard/*' })
}

const security = {
  'content-security-policy':
    // The board needs its own scripts, styles, pictures and answers, and sets <base>; nothing inline, since board.ts takes that out.
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

async function mayEnter(
  { db, principals }: HttpDeps,
  known: Set<string>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<boolean> {
  const token = passwordOf(request)
  const hash = token === undefined ? '' : hashToken(token)
  // A browser sends the token with each file: one that was right is not counted again, until it is wrong.
  if (request.headers.authorization !== undefined && !known.has(hash)) {
    const allowed = await db.transaction((tx) => take(tx, `dashboard from ${request.ip}`, TRIES))
    if (!allowed) throw fail('too_many_requests')
  }
  const who = token === undefined ? null : await principals.resolve(token)
  if (known.size >= KNOWN_MOST) known.clear()
  if (who) known.add(hash)
  else known.delete(hash)
  if (who?.permissions.has(permissions.operationsRead.name)) return true
  if (who) throw fail('forbidden', `This needs the permission "${permissions.operationsRead.name}".`)
  reply
    .code(401)
    .headers({ ...security, 'www-authenticate': 'Basic realm="frontdesk: any name, API token as password"' })
    .type('text/plain; charset=utf-8')
    .send('Log in with any user name and an API token (fd_…) as the password.\n')
  return false
}

function passwordOf({ headers }: FastifyRequest): string | undefined {
  const encoded = /^Basic ([\w+/=-]{1,400})$/i.exec(headers.authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [, password] = /^[^:]*:(fd_[\w-]{20,100})$/.exec(Buffer.from(encoded, 'base64').toString()) ?? []
  return password
}
