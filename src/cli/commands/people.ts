// frontdesk agent create, token create: how the first administrator gets in.
import { readFileSync } from 'node:fs'
import { eq } from 'drizzle-orm'
import { DAY, newId } from '../../clock.js'
import { fail } from '../../errors.js'
import { hashPassword } from '../../people/passwords.js'
import { createToken } from '../../people/tokens.js'
import { type Command, say, UsageError } from '../command.js'
import { withDb } from '../desk.js'

export const agentCreate: Command = {
  name: 'agent create',
  usage: 'agent create E-MAIL --name NAME [--role admin|agent|viewer] [--password-file FILE]',
  summary: 'Create an agent. Passwords come from a file, never from the command line, which others can see.',
  options: { name: { type: 'string' }, role: { type: 'string' }, 'password-file': { type: 'string' } },
  async run({ args, values, config }) {
    const [email = ''] = args
    const { name, role = 'agent', 'password-file': file } = values as Record<string, string | undefined>
    if (!/^[^\s@]+@[^\s@]+$/.test(email) || !name) throw new UsageError(`usage: frontdesk ${this.usage}`)
    const passwordHash = file === undefined ? null : await hashPassword(readPassword(file))
    await withDb(config, (db) =>
      db.transaction(async (tx) => {
        const [known] = await tx.select().from(tx.t.roles).where(eq(tx.t.roles.name, role))
        if (!known) throw new UsageError(`there is no role "${role}"`)
        const row = {
          id: newId(),
          name,
          email: email.toLowerCase(),
          roleId: known.id,
          passwordHash,
          active: true,
          createdAt: tx.now,
        }
        const added = await tx
          .insert(tx.t.agents)
          .values(row)
          .onConflictDoNothing()
          .returning({ id: tx.t.agents.id })
        if (added.length === 0) throw fail('already_exists', `There is an agent ${email} already.`)
      }),
    )
    say(`created ${email} as ${role}`)
    return 0
  },
}

function readPassword(file: string): string {
  const password = readFileSync(file === '-' ? 0 : file, 'utf8').replace(/\r?\n$/, '')
  if (password.length < 12) throw new UsageError('the password needs at least twelve characters')
  return password
}

export const tokenCreate: Command = {
  name: 'token create',
  usage: 'token create --agent E-MAIL --name NAME [--days 365]',
  summary: 'Make a token for an agent; it is printed once.',
  options: { agent: { type: 'string' }, name: { type: 'string' }, days: { type: 'string' } },
  async run({ values, config }) {
    const { agent: email, name = 'command line', days = '365' } = values as Record<string, string | undefined>
    const life = Number(days)
    if (!email || !Number.isInteger(life) || life < 1 || life > 730)
      throw new UsageError(`usage: frontdesk ${this.usage}`)
    const { token } = await withDb(config, (db) =>
      db.transaction(async (tx) => {
        const [agent] = await tx.select().from(tx.t.agents).where(eq(tx.t.agents.email, email.toLowerCase()))
        if (!agent) throw new UsageError(`there is no agent ${email}`)
        return createToken(tx, { agentId: agent.id, name, kind: 'token', lifeMs: life * DAY })
      }),
    )
    say(token)
    return 0
  },
}
