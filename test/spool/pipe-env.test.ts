// Where bin/frontdesk-pipe finds its installation, its settings and the data folder.
import fs from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import t from 'tap'
import {
  deliver,
  inbox,
  installation,
  mail,
  newFolder,
  nobody,
  refused,
  waiting,
  wipe,
} from '../support/pipe.js'

t.test('started through links and from any folder it finds its own installation', async (t) => {
  const pipe = installation('FRONTDESK_DATA=store\n')
  const root = path.dirname(path.dirname(pipe))
  const elsewhere = newFolder()
  fs.symlinkSync(path.relative(elsewhere, pipe), path.join(elsewhere, 'one'))
  fs.symlinkSync('one', path.join(elsewhere, 'two'))
  fs.symlinkSync(path.dirname(pipe), path.join(elsewhere, 'bin link'))
  for (const link of ['./two', path.join(elsewhere, 'one'), 'bin link/frontdesk-pipe']) {
    t.same(deliver('', mail, { pipe: link, cwd: elsewhere }), { code: 0, out: '' }, link)
    t.equal(waiting(path.join(root, 'store')).length, 1)
    wipe(path.join(root, 'store'))
  }
  t.equal(deliver('', mail, { under: ['sh'], pipe: 'frontdesk-pipe', cwd: path.dirname(pipe) }).code, 0)
  t.equal(waiting(path.join(root, 'store')).length, 1, 'also by its bare name')
})

t.test('the data folder: --data, then the environment, then .env, then data beside bin', async (t) => {
  const pipe = installation('FRONTDESK_DATA=from-file\nFRONTDESK_PIPE_MAX_BYTES=5000\n')
  const root = path.dirname(path.dirname(pipe))
  const cwd = newFolder()
  const at = (folder: string): number => waiting(folder).length
  deliver('from-env', mail, { pipe, cwd, args: ['--inbox', inbox, '--data', '-x'] })
  t.equal(at(path.join(cwd, '-x')), 1, '--data, relative to the current folder')
  deliver('from-env', mail, { pipe, cwd })
  t.equal(at(path.join(cwd, 'from-env')), 1, 'the environment, relative to the current folder')
  deliver('', mail, { pipe, cwd })
  t.equal(at(path.join(root, 'from-file')), 1, '.env, relative to the installation')
  t.equal(deliver('', mail + 'x'.repeat(6000), { pipe }).code, 75, 'the limit of .env')
  t.equal(deliver('', mail + 'x'.repeat(6000), { pipe, env: { FRONTDESK_PIPE_MAX_BYTES: '9000' } }).code, 0)
  fs.rmSync(path.join(root, '.env'))
  deliver('', mail, { pipe, cwd })
  t.equal(at(path.join(root, 'data')), 1, 'the default')
})

t.test('.env is read as Node reads it', async (t) => {
  const lines = [
    'FRONTDESK_DATA=plain',
    'FRONTDESK_DATA="two words" # note',
    "  export FRONTDESK_DATA = 'single # quoted'  ",
    'FRONTDESK_DATA=cut # note',
    'FRONTDESK_DATA=`back`',
    'FRONTDESK_DATA=crlf\r',
    '# FRONTDESK_DATA=no\nOTHER=FRONTDESK_DATA=no\nFRONTDESK_DATA=first\nFRONTDESK_DATA=last',
    'FRONTDESK_DATA=a=b$(id)`id`*',
    'FRONTDESK_DATABASE=x\nNO=y\nFRONTDESK_DATA=z',
  ]
  for (const text of lines)
    for (const end of ['', '\n']) {
      const pipe = installation(text + end)
      const expected = parseEnv(text + end).FRONTDESK_DATA ?? 'nothing'
      t.same(deliver('', mail, { pipe }), { code: 0, out: '' })
      t.equal(
        waiting(path.join(path.dirname(path.dirname(pipe)), expected)).length,
        1,
        JSON.stringify(text + end),
      )
    }
})

t.test('an .env that it may not read could name another folder, so it wants to be told', async (t) => {
  const pipe = installation('FRONTDESK_DATA=/somewhere\n')
  fs.chmodSync(path.join(path.dirname(path.dirname(pipe)), '.env'), 0o000)
  const data = newFolder()
  refused(t, data, deliver('', mail, { pipe, ...nobody }), 'unreadable .env')
  t.same(deliver(data, mail, { pipe, ...nobody }), { code: 0, out: '' })
})
