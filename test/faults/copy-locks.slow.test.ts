// `frontdesk db copy` beside a server that works: refused. Two processes that write would make two desks.
import path from 'node:path'
import t from 'tap'
import { folder } from '../support/databases.js'
import { endServer, frontdesk, startServer } from '../support/server.js'

t.test('nothing is copied while a server works on the source, and none a second time', async (t) => {
  const dir = folder(t)
  const target = `sqlite:${path.join(folder(t), 'copy.db')}`
  const { url: _, process: server } = await startServer(t, {
    ...process.env,
    ...{ FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0', LOG_LEVEL: 'error' },
  })
  t.match(await frontdesk(dir, 'db', 'copy', '--to', target).done, { code: 1, out: /another server/ })
  await endServer(server, 'SIGTERM')
  t.match(await frontdesk(dir, 'db', 'copy', '--to', target).done, { code: 0, out: /all the same/ })
  t.match(await frontdesk(dir, 'db', 'copy', '--to', target).done, { code: 1, out: /not empty/ })
})
