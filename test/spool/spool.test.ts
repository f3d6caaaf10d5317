// The server's side of the spool: order, names, watching, cleaning, and the disk failing at its n-th call.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import * as realFs from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openSpool, type SpoolFs } from '../../src/intake/spool.js'

const inbox = 'support@desk.invalid'
const mail = Buffer.from('From: ann@customer.invalid\nDate: x\n\nIt smokes.\n')
const pipe = path.resolve(import.meta.dirname, '../../../bin/frontdesk-pipe')

const newData = (t: Test): string => path.join(t.testdir({}), 'data')
const at = (data: string, part: 'tmp' | 'new', name = ''): string => path.join(data, 'spool', part, name)

t.test('a mail put in is listed with its bytes, and gone after remove', async (t) => {
  const data = newData(t)
  const spool = await openSpool(data)
  const before = Date.now()
  const name = await spool.put(mail, inbox)
  const [entry, ...others] = await spool.list()
  t.same(others, [])
  t.match(entry, { name, inbox, path: at(data, 'new', name), size: mail.length })
  t.ok(Math.abs(entry!.arrivedAt.getTime() - before) < 5000)
  t.same(fs.readFileSync(entry!.path), mail)
  t.equal(fs.statSync(entry!.path).mode & 0o777, 0o600)
  t.equal(fs.statSync(at(data, 'new')).mode & 0o777, 0o700)
  await spool.remove([name])
  t.same(await spool.list(), [])
  t.same(fs.readdirSync(at(data, 'tmp')), [])
  await t.resolves(spool.remove([name, 'never-there,a@b']), 'what is gone already is no fault')
})

t.test('it lists what the pipe delivered, in the folders of either', async (t) => {
  const data = newData(t)
  const deliver = () => spawnSync(pipe, ['--inbox', inbox, '--data', data], { input: mail }).status
  t.equal(deliver(), 0)
  const spool = await openSpool(data)
  await spool.put(mail, 'sales@desk.invalid')
  t.equal(deliver(), 0)
  t.same(
    (await spool.list()).map((entry) => entry.inbox),
    [inbox, 'sales@desk.invalid', inbox],
  )
})

t.test('many at once keep their order and share the wait for the disk', async (t) => {
  const data = newData(t)
  let folderSyncs = 0
  const counting: SpoolFs = {
    ...realFs,
    open: (async (...args: Parameters<typeof realFs.open>) => {
      if (args[0] === at(data, 'new', '').replace(/\/$/, '')) folderSyncs += 1
      return realFs.open(...args)
    }) as typeof realFs.open,
  }
  const spool = await openSpool(data, counting)
  const mails = Array.from({ length: 70 }, (_, i) => ({ raw: Buffer.from(`mail ${i}`), inbox }))
  const names = await spool.putMany(mails)
  t.same(
    (await spool.list()).map(({ name }) => name),
    names,
  )
  t.same(
    names.map((name) => fs.readFileSync(at(data, 'new', name), 'utf8')),
    mails.map(({ raw }) => String(raw)),
  )
  t.equal(folderSyncs, 3, 'one for each 32')
  t.same(await spool.putMany([]), [])
})

t.test('an address that cannot be a part of a file name is refused', async (t) => {
  const data = newData(t)
  const spool = await openSpool(data)
  for (const bad of ['', 'support', '.@b', '../a@b', 'a/b@c', 'a@b,c', 'a@b\n', `${'a'.repeat(199)}@b`])
    await t.rejects(spool.put(mail, bad), { message: /inbox address/ }, JSON.stringify(bad))
  t.same([...fs.readdirSync(at(data, 'tmp')), ...fs.readdirSync(at(data, 'new'))], [])
})

t.test('the oldest comes first, up to the limit; files of others are left alone', async (t) => {
  const data = newData(t)
  const spool = await openSpool(data)
  for (const [name, second] of [
    ['9.b,a@b', 3],
    ['1.c,c@d', 5],
    ['5.a,a@b', 3],
    ['7.d,a@b', 1],
  ] as const) {
    fs.writeFileSync(at(data, 'new', name), '')
    fs.utimesSync(at(data, 'new', name), second, second)
  }
  for (const foreign of ['.9,a@b', 'README', ',a@b', '1,nobody', '1,a@b,c', '1,.@b'])
    fs.writeFileSync(at(data, 'new', foreign), '')
  fs.mkdirSync(at(data, 'new', '1,folder@b'))
  t.same(
    (await spool.list()).map(({ name }) => name),
    ['7.d,a@b', '5.a,a@b', '9.b,a@b', '1.c,c@d'],
  )
  t.same(
    (await spool.list(2)).map(({ name }) => name),
    ['7.d,a@b', '5.a,a@b'],
  )
})

t.test('an entry that another process takes during the listing is passed over', async (t) => {
  const data = newData(t)
  const readdir = (async (folder: string) => [
    ...(await realFs.readdir(folder)),
    '1.gone,a@b',
  ]) as typeof realFs.readdir
  const spool = await openSpool(data, { ...realFs, readdir })
  const name = await spool.put(mail, inbox)
  t.same(
    (await spool.list()).map((entry) => entry.name),
    [name],
  )
})

t.test('stale files without a link are swept, all others stay', async (t) => {
  const data = newData(t)
  const spool = await openSpool(data)
  const waiting = await spool.put(mail, inbox)
  for (const name of ['1.old,a@b', '2.young,a@b', '.keep']) fs.writeFileSync(at(data, 'tmp', name), '')
  const longAgo = Date.now() / 1000 - 16 * 60
  for (const name of [waiting, '1.old,a@b', '.keep']) fs.utimesSync(at(data, 'tmp', name), longAgo, longAgo)
  t.equal(await spool.sweepTmp(), 1)
  t.same(fs.readdirSync(at(data, 'tmp')).sort(), ['.keep', '2.young,a@b', waiting].sort())
  t.equal(await spool.sweepTmp(-1000), 1, 'at once, when asked')
  t.equal((await spool.list()).length, 1)
})

t.test('the watcher rings once for a burst, not for removals, and not after close', async (t) => {
  const spool = await openSpool(newData(t))
  let rings = 0
  const watcher = spool.watch(() => rings++)
  await pause(30)
  const names = await spool.putMany(Array.from({ length: 20 }, () => ({ raw: mail, inbox })))
  await pause(100)
  t.ok(rings >= 1 && rings <= 4, `${rings} rings for 20 mails`)
  rings = 0
  await spool.remove(names)
  await pause(60)
  t.ok(rings <= 2, 'at most while some still waited')
  rings = 0
  watcher.close()
  watcher.close()
  await spool.put(mail, inbox)
  await pause(60)
  t.equal(rings, 0)
})

t.test('mail that the watcher was not told of is found by the slow look', async (t) => {
  const spool = await openSpool(newData(t))
  await spool.put(mail, inbox)
  let rings = 0
  const watcher = spool.watch(() => rings++)
  await pause(2200)
  t.ok(rings >= 1)
  watcher.close()
})

for (const half of [false, true])
  t.test(
    `whichever call fails${half ? ' halfway' : ''}, no half mail is published and the error is told`,
    async (t) => {
      let failures = 0
      for (let n = 1; ; n++) {
        const data = path.join(t.testdir({}), 'data')
        const faulty = failingAt(n, half)
        const outcome = await attempt(data, faulty.fs)
        const found = fs.existsSync(at(data, 'new')) ? fs.readdirSync(at(data, 'new')) : []
        for (const name of found) t.same(fs.readFileSync(at(data, 'new', name)), mail, `call ${n}: whole`)
        if (!faulty.happened()) {
          t.equal(outcome, 'put')
          t.equal(found.length, 3)
          break
        }
        failures += 1
        t.equal(outcome, 'EIO', `call ${n}: the error comes through`)
        const spool = await openSpool(data)
        await spool.sweepTmp(-1000)
        t.equal(
          fs.readdirSync(at(data, 'tmp')).filter((name) => !found.includes(name)).length,
          0,
          'no rubbish stays',
        )
        await spool.put(mail, inbox)
        t.equal((await spool.list()).length, found.length + 1, `call ${n}: later mail passes`)
      }
      t.ok(failures > 15, `${failures} calls failed in turn`)
    },
  )

async function attempt(data: string, faulty: SpoolFs): Promise<string> {
  try {
    const spool = await openSpool(data, faulty)
    await spool.putMany([1, 2, 3].map(() => ({ raw: mail, inbox })))
    return 'put'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** A disk whose n-th call fails; `half` does what it was asked to first, as after a lost answer or a full disk. */
function failingAt(n: number, half: boolean): { fs: SpoolFs; happened: () => boolean } {
  let calls = 0
  const wrap = (owner: object, skip: string[] = []): object =>
    new Proxy(owner, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function' || skip.includes(String(key))) return value
        return async (...args: unknown[]) => {
          calls += 1
          if (calls === n) await failLate(target, String(key), value, args, half)
          const result = await value.apply(target, args)
          return key === 'open' ? wrap(result) : result
        }
      },
    })
  return { fs: wrap({ ...realFs }) as SpoolFs, happened: () => calls >= n }
}

async function failLate(
  target: object,
  key: string,
  call: (...args: unknown[]) => unknown,
  args: unknown[],
  half: boolean,
) {
  if (half && key === 'writeFile') await call.call(target, (args[0] as Uint8Array).subarray(0, 10))
  else if (half && key !== 'open') await call.apply(target, args)
  else if (key === 'close') await call.apply(target, args)
  throw Object.assign(new Error('EIO: simulated'), { code: 'EIO' })
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
