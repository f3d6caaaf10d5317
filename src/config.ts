// Environment -> one frozen Config. Read once, checked as a whole (all mistakes at once); nothing else reads
// process.env. `.env.example` lists the same variables, by test.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import path from 'node:path'

export const ROLES = ['web', 'worker', 'intake'] as const
export type Role = (typeof ROLES)[number]

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export type BlobPlace = { readonly kind: 'folder'; readonly folder: string } | S3Place

/** A bucket of an S3-compatible store, or a part of it. */
export interface S3Place {
  readonly kind: 's3'
  readonly bucket: string
  /** Before every key; empty or ending in `/`. */
  readonly prefix: string
  readonly region: string
  /** Null: Amazon's own. */
  readonly endpoint: string | null
  /** The bucket stands in the path instead of the host name. */
  readonly pathStyle: boolean
  /** Null: whatever the standard chain of the AWS SDK finds (AWS_ACCESS_KEY_ID, profiles, roles of machines). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
}

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
  /** Where raw mail and attachments are kept. */
  readonly blobs: BlobPlace
  readonly databaseUrl: string
  /** Connections to PostgreSQL that this process may use at once. */
  readonly databasePool: number
  /** Where BullMQ rings for jobs; null: the engine in the process does. */
  readonly redisUrl: string | null
  /** Before every key in Redis. */
  readonly redisPrefix: string
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
  'BLOBS_URL',
  'DATABASE_URL',
  'DATABASE_POOL',
  'REDIS_URL',
  'REDIS_PREFIX',
  'SMTP_URL',
  'ROLES',
  'LOG_LEVEL',
  'METRICS_PORT',
  'METRICS_HOST',
  'METRICS_TOKEN',
] as const
export const SECRET_VARIABLES = [
  'FRONTDESK_SECRET',
  'BLOBS_URL',
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
    blobs: readS3('BLOBS_URL', secret('BLOBS_URL'), problems) ?? {
      kind: 'folder',
      folder: path.join(dataDir, 'blobs'),
    },
    databaseUrl:
      readUrl('DATABASE_URL', secret('DATABASE_URL'), ['sqlite:', 'postgres:', 'postgresql:'], problems) ??
      `sqlite:${path.join(dataDir, 'frontdesk.db')}`,
    databasePool: readPool(text('DATABASE_POOL'), problems),
    redisUrl: readUrl('REDIS_URL', secret('REDIS_URL'), ['redis:', 'rediss:'], problems) ?? null,
    redisPrefix: readPrefix(text('REDIS_PREFIX'), problems),
    roles: readRoles(text('ROLES'), problems),
    logLevel: choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    metrics: readMetrics(text('METRICS_PORT'), text('METRICS_HOST'), secret('METRICS_TOKEN'), problems),
    secret: secret('FRONTDESK_SECRET') ?? null,
    smtpUrl: readUrl('SMTP_URL', secret('SMTP_URL'), ['smtp:', 'smtps:'], problems) ?? null,
  }
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

function readPool(value: string | undefined, problems: string[]): number {
  const size = Number(value ?? '10')
  if (Number.isInteger(size) && size >= 2 && size <= 200) return size
  problems.push(`DATABASE_POOL="${value}": use a number from 2 to 200`)
  return 10
}

// In braces: on a cluster all keys of the desk lie on one node, as BullMQ's scripts need it.
function readPrefix(value: string | undefined, problems: string[]): string {
  const prefix = value ?? '{frontdesk}'
  if (/^[\w.:-]*\{?[\w.-]+\}?[\w.-]*$/.test(prefix) && prefix.length <= 60) return prefix
  problems.push(
    `REDIS_PREFIX="${value}": use letters, digits and . : - _, at most one part of it in {braces}`,
  )
  return '{frontdesk}'
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

/** `s3://KEY:SECRET@bucket/prefix?region=…&endpoint=…&pathStyle=true`; every mistake of it, and never its value. */
export function readS3(name: string, value: string | undefined, problems: string[]): S3Place | undefined {
  if (value === undefined) return undefined
  const wrong = (what: string) => void problems.push(`${name}: ${what}`)
  if (!/^s3:\/\//.test(value) || !URL.canParse(value)) {
    wrong('not an address of the form s3://bucket/prefix?region=REGION')
    return undefined
  }
  const before = problems.length
  const { username, password, hostname, port, pathname, searchParams, hash } = new URL(value)
  const option = (key: string) => searchParams.get(key) || null
  const prefix = pathname.replace(/^\/|\/$/g, '')
  const [key, secret] = [username, password].map(decoded)
  const endpoint = option('endpoint')
  const style = option('pathStyle') ?? String(endpoint !== null)
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(hostname) || port !== '')
    wrong('the bucket needs a name of 3 to 63 lower case letters, digits, dots and hyphens')
  if (prefix !== '' && !/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(prefix))
    wrong('the prefix may have letters, digits, and . _ - in parts between single slashes')
  if (hash !== '') wrong('it may not have a part behind #; write # in a password as %23')
  if (key === undefined || secret === undefined) wrong('user or password are not encoded as in addresses')
  else if ((key === '') !== (secret === '')) wrong('give user and password, or neither')
  if (endpoint !== null && !isPlainHttp(endpoint))
    wrong('endpoint must be http://HOST:PORT or https://HOST, without user, path and query')
  if (!/^(true|false)$/.test(style)) wrong('pathStyle must be true or false')
  const region = option('region') ?? (endpoint === null ? '' : 'us-east-1')
  if (!/^[a-z0-9-]{1,40}$/.test(region))
    wrong('region must be given, for instance eu-central-1; only with an endpoint it may be left out')
  if ([...searchParams.keys()].some((known) => !['region', 'endpoint', 'pathStyle'].includes(known)))
    wrong('only region, endpoint and pathStyle may stand behind the question mark')
  if (problems.length > before) return undefined
  return {
    kind: 's3',
    bucket: hostname,
    prefix: prefix && `${prefix}/`,
    region,
    endpoint,
    pathStyle: style === 'true',
    credentials: key ? { accessKeyId: key, secretAccessKey: secret! } : null,
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

function isPlainHttp(address: string): boolean {
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) return false
  const { username, password, pathname, search, hash } = new URL(address)
  return `${username}${password}${search}${hash}` === '' && pathname === '/'
}
