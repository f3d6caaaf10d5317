// bin/frontdesk blobs …, as an administrator moves a desk from its folder into a bucket: in processes of their own.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { hashOf, placeOf } from '../../src/blobs/blobs.js'
import { testApp } from '../../src/testing/index.js'
import { times } from '../support/databases.js'
import { mail } from '../support/mails.js'
import { NODE, nodeArgs } from '../support/node.js'
import { startS3 } from '../support/s3.js'

type Result = { code: number | null; text: string }

t.test('a desk moves into a bucket, and each command says what it found', async (t) => {
  const s3 = await startS3(t)
  const app = await testApp(t)
  const raws = times(3, (i) => mail({ subject: `number ${i}` }))
  for (const raw of raws) await app.mail(raw)
  const blobs = path.join(app.dir, 'blobs')

  const run = (args: string[], url?: string) =>
    new Promise<Result>((resolve) => {
      const env = {
        // What the standard chain of the SDK finds, for an address without user and password.
        AWS_ACCESS_KEY_ID: 'S3RVER',
        AWS_SECRET_ACCESS_KEY: 'S3RVER',
        ...process.env,
        FRONTDESK_DATA: app.dir,
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      }
      const child = spawn(NODE, nodeArgs(path.join(ROOT, 'bin', 'frontdesk'), 'blobs', ...args), {
        env: { ...env, ...(url && { BLOBS_URL: url }) },
      })
      let text = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (text += piece))
      child.on('close', (code) => resolve({ code, text }))
    })

  t.match(await run(['check']), { code: 0, text: /^3 referred to: 0 missing, 0 wrong; 0 that nothing/ })
  t.match(await run(['check'], s3.url), { code: 1, text: /3 referred to: 3 missing/ }, 'before the move')
  t.match(await run(['copy', '--from', blobs], s3.url), {
    code: 0,
    text: /^3 copied, 0 there already; 0 wrong, 0/,
  })
  t.match(await run(['copy', '--from', blobs], s3.url), { code: 0, text: /^0 copied, 3 there already/ })
  t.match(await run(['check'], s3.url), { code: 0, text: /^3 referred to: 0 missing, 0 wrong/ })
  t.match(await run(['collect'], s3.url), {
    code: 0,
    text: /^0 moved to the trash, 0 back out of it, 0 erased/,
  })

  const anonymous = s3.url.replace('S3RVER:S3RVER@', '')
  t.match(await run(['copy', '--to', anonymous]), { code: 0, text: /^0 copied, 3 there already/ })

  const hash = hashOf(Buffer.from(raws[0]!))
  s3.tamper(placeOf(hash), Buffer.from('x'))
  t.match(await run(['check'], s3.url), { code: 1, text: `${hash} wrong` })
  rmSync(path.join(blobs, placeOf(hash)))
  t.match(await run(['check']), { code: 1, text: `${hash} missing` })
  t.match(await run(['copy', '--to', blobs], s3.url), { code: 1, text: /0 copied, 2 there already; 1 wrong/ })

  t.match(await run(['copy']), { code: 2 })
  t.match(await run(['copy', '--to', blobs]), { code: 2, text: /the same/ })
  t.match(await run(['copy', '--from', path.join(app.dir, 'none')], s3.url), { code: 2, text: /no folder/ })
  const secret = await run(['copy', '--to', s3.url])
  t.match(secret, { code: 2, text: /no user and password here/ })
  t.notMatch(secret.text, /S3RVER/)
  await s3.stop()
  t.match(await run(['check'], s3.url), {
    code: 1,
    text: /^frontdesk: The store of raw mail .* \(ECONNREFUSED\)\.\n$/,
  })
  await s3.start()
})
