// Environment -> one frozen Config. Read once, checked as a whole (all mistakes at once); nothing else reads
// process.env. `.env.example` lists the same variables, by test.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import path from 'node:path'

export const ROLES = ['web', 'worker', 'intake'] as const
export type Role = (typeof ROLES)[number]

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export interface Config {
  readonly dataDir: string
  readonly demo: boolean
  readonly plugins: readonly string[]
  readonly host: string
  readonly port: number
  /** Public address of this desk, used in links. Default: http://HOST:PORT. */
  readonly url: string
  /** Addresses of reverse proxies whose X-Forwarded-For is believed. */
  readonly proxies: readonly string[]
  readonly databaseUrl: string
  readonly redisUrl: string | null
  readonly roles: readonly Role[]
  /** An extra listener for /metrics; null: none. */
  readonly metrics: { readonly host: string; readonly port: number; readonly token: string | null } | null
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** Key material for tokens in mail addresses and links; null: made once and kept in the data folder. */
  readonly secret: string | null
  /** Default SMTP server for inboxes without one of their own; null: mail goes to the outbox folder. */
  readonly smtpUrl: string | null
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} mistake(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    )
  }
}

type Env = Readonly<Record<string, string | undefined>>

/** Every variable that is read, for `.env.example` and its test. `_FILE` forms are read for secrets. */
export const VARIABLES = [
  'FRONTDESK_DATA',
  'FRONTDESK_DEMO',
  'FRONTDESK_PLUGINS',
  'FRONTDESK_URL',
  'FRONTDESK_PROXIES',
  'FRONTDESK_SECRET',
  'HOST',
  'PORT',
  'DATABASE_URL',
  'REDIS_URL',
  'SMTP_URL',
  'ROLES',
  'LOG_LEVEL',
  'METRICS_PORT',
  'METRICS_HOST',
  'METRICS_TOKEN',
] as const
export const SECRET_VARIABLES = [
  'FRONTDESK_SECRET',
  'DATABASE_URL',
  'REDIS_URL',
  'SMTP_URL',
  'METRICS_TOKEN',
] as const

/** @param root folder of the installation: the default data folder lies in it, whatever folder one calls from. */
export function readConfig(env: Env, root: string): Config {
  const problems: string[] = []
  const text = (name: (typeof VARIABLES)[number]) => env[name]?.trim() || undefined
  const secret = (name: (typeof SECRET_VARIABLES)[number]) => readSecret(env, name, problems)
  const choice = <T extends string>(
    name: (typeof VARIABLES)[number],
    allowed: readonly T[],
    fallback: T,
  ): T => {
    const value = text(name) ?? fallback
    if (allowed.includes(value as T)) return value as T
    problems.push(`${name}="${value}": use one of ${allowed.join(', ')}`)
    return fallback
  }

  const host = text('HOST') ?? '127.0.0.1'
  const port = readPort('PORT', text('PORT') ?? '3000', problems)
  const dataDir = path.resolve(text('FRONTDESK_DATA') ?? path.join(root, 'data'))
  const config: Config = {
    dataDir,
    demo: choice('FRONTDESK_DEMO', ['on', 'off'], 'on') === 'on',
    plugins: readList(text('FRONTDESK_PLUGINS')),
    host,
    port,
    url:
      readUrl('FRONTDESK_URL', text('FRONTDESK_URL'), ['http:', 'https:'], problems) ??
      `http://${host}:${port}`,
    proxies: readProxies(text('FRONTDESK_PROXIES'), problems),
    databaseUrl:
      readUrl('DATABASE_URL', secret('DATABASE_URL'), ['sqlite:'], problems) ??
      `sqlite:${path.join(dataDir, 'frontdesk.db')}`,
    redisUrl: readUrl('REDIS_URL', secret('REDIS_URL'), ['redis:', 'rediss:'], problems) ?? null,
    roles: readRoles(text('ROLES'), problems),
    logLevel: choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    metrics: readMetrics(text('METRICS_PORT'), text('METRICS_HOST'), secret('METRICS_TOKEN'), problems),
    secret: secret('FRONTDESK_SECRET') ?? null,
    smtpUrl: readUrl('SMTP_URL', secret('SMTP_URL'), ['smtp:', 'smtps:'], problems) ?? null,
  }
  if (config.redisUrl)
    problems.push('REDIS_URL is set, but this version has only the embedded job engine: unset it')
  if (config.secret !== null && config.secret.length < 32)
    problems.push('FRONTDESK_SECRET is too short: use at least 32 random characters')
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

/** `NAME`, or the content of the file that `NAME_FILE` names (the way of container secrets). */
function readSecret(env: Env, name: string, problems: string[]): string | undefined {
  const file = env[`${name}_FILE`]?.trim()
  const value = env[name]?.trim()
  if (!file) return value || undefined
  if (value) problems.push(`${name} and ${name}_FILE are both set: keep one`)
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch (error) {
    problems.push(`${name}_FILE: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`)
    return undefined
  }
}

function readPort(name: string, value: string, problems: string[]): number {
  const port = Number(value)
  if (/^\d+$/.test(value) && port <= 65535) return port
  problems.push(`${name}="${value}": use a number from 0 to 65535`)
  return 3000
}

function readMetrics(
  port: string | undefined,
  host = '127.0.0.1',
  token: string | undefined,
  problems: string[],
): Config['metrics'] {
  if (port === undefined) return null
  const inside = host === 'localhost' || host === '::1' || /^127\./.test(host)
  if (!inside && token === undefined)
    problems.push(`METRICS_HOST="${host}": others can reach that, so METRICS_TOKEN is needed`)
  if (token !== undefined && token.length < 16)
    problems.push('METRICS_TOKEN is too short: use at least 16 random characters')
  return { host, port: readPort('METRICS_PORT', port, problems), token: token ?? null }
}

const readList = (value: string | undefined): string[] => [
  ...new Set(
    (value ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  ),
]

function readProxies(value: string | undefined, problems: string[]): string[] {
  const named = readList(value)
  const wrong = named.filter((entry) => isIP(entry.replace(/\/\d{1,3}$/, '')) === 0)
  if (wrong.length > 0) problems.push(`FRONTDESK_PROXIES: not an IP address or range: ${wrong.join(', ')}`)
  return named
}

function readRoles(value: string | undefined, problems: string[]): readonly Role[] {
  const named = readList(value)
  const unknown = named.filter((name) => !ROLES.includes(name as Role))
  if (unknown.length > 0)
    problems.push(`ROLES: unknown ${unknown.join(', ')}; use some of ${ROLES.join(', ')}`)
  return named.length === 0 ? ROLES : ROLES.filter((role) => named.includes(role))
}

// The value itself is never repeated in the message: it may hold a password.
function readUrl(name: string, value: string | undefined, protocols: string[], problems: string[]) {
  if (value === undefined) return undefined
  const protocol = /^[a-z]+:/i.exec(value)?.[0]?.toLowerCase()
  if (protocol !== undefined && protocols.includes(protocol)) {
    if (protocol === 'sqlite:' ? value.length > protocol.length : URL.canParse(value))
      return value.replace(/\/+$/, '')
  }
  problems.push(`${name}: not an address that begins with ${protocols.join(' or ')} and goes on`)
  return undefined
}
