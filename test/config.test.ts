import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ConfigError, readConfig } from '../src/config.js'
import { tempDir } from '../src/testing/index.js'

t.test(
  'the defaults are the embedded desk in the installation, whatever folder one calls from',
  async (t) => {
    const config = readConfig({}, '/opt/frontdesk')
    t.equal(config.dataDir, '/opt/frontdesk/data')
    t.equal(config.databaseUrl, 'sqlite:/opt/frontdesk/data/frontdesk.db')
    t.match(config, { host: '127.0.0.1', port: 3000, demo: true, smtpUrl: null, logLevel: 'info' })
    t.strictSame(config.roles, ['web', 'worker', 'intake'])
    t.ok(Object.isFrozen(config))
  },
)

t.test('all mistakes are told at once, and no secret is repeated', async (t) => {
  const env = {
    PORT: '99999',
    ROLES: 'web,cook',
    FRONTDESK_DEMO: 'maybe',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    SMTP_URL: 'smtp://not a url',
    FRONTDESK_SECRET: 'short',
  }
  try {
    readConfig(env, '/opt/frontdesk')
    t.fail('it was taken')
  } catch (error) {
    t.ok(error instanceof ConfigError)
    const { problems, message } = error as ConfigError
    for (const name of Object.keys(env))
      t.ok(
        problems.some((line) => line.startsWith(name)),
        name,
      )
    t.notMatch(message, /hunter2/)
  }
})

t.test('a secret can come from a file, but not from both', async (t) => {
  const { dir, remove } = tempDir()
  t.teardown(remove)
  const file = path.join(dir, 'smtp')
  writeFileSync(file, 'smtp://user:pass@mail.example:587\n')
  t.equal(readConfig({ SMTP_URL_FILE: file }, dir).smtpUrl, 'smtp://user:pass@mail.example:587')
  t.throws(() => readConfig({ SMTP_URL_FILE: file, SMTP_URL: 'smtp://x' }, dir), /both set/)
  t.throws(() => readConfig({ SMTP_URL_FILE: path.join(dir, 'gone') }, dir), /ENOENT/)
})

t.test('Redis: the address and the prefix of its keys', async (t) => {
  const { redisUrl, redisPrefix } = readConfig(
    { REDIS_URL: 'rediss://u:p@redis.example/2?cluster=true' },
    '/x',
  )
  t.same([redisUrl, redisPrefix], ['rediss://u:p@redis.example/2?cluster=true', '{frontdesk}'])
  t.equal(readConfig({ REDIS_PREFIX: 'desk:{a}' }, '/x').redisPrefix, 'desk:{a}')
  t.throws(() => readConfig({ REDIS_PREFIX: '{a}{b}' }, '/x'), /REDIS_PREFIX/)
  t.throws(() => readConfig({ REDIS_URL: 'http://localhost' }, '/x'), /REDIS_URL/)
})
