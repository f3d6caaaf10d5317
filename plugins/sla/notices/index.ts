// Notices: an agent's list of them, the digest by mail, and the end of what was read long ago.
import { after, DAY } from 'frontdesk/plugin'
import type { App } from '../app.js'
import { digest, LOOK_EVERY, pruneSome } from './digest.js'
import { noticeRoutes } from './routes.js'

const KEEP = 90 * DAY

export function setUpNotices(app: App): void {
  noticeRoutes(app)
  app.job<Record<string, never>>('digest', {
    every: LOOK_EVERY,
    run: ({ signal }) => digest(app, signal),
  })
  app.job<Record<string, never>>('pruneNotices', {
    every: DAY,
    async run({ signal }) {
      const more = () => app.db.transaction((tx) => pruneSome(app, tx, after(tx.now, -KEEP)))
      while (!signal.aborted && (await more()));
    },
  })
}
