// Calendars on both databases: one desk for all of it, because a desk costs more than what is done with it.
import t from 'tap'
import { onBoth, desk as open } from './testing/desk.js'
import * as editing from './testing/editing.js'
import * as feeding from './testing/feeding.js'

const scenarios = {
  'a calendar is made, read, listed, and refused with the place of its mistakes': editing.creating,
  'a preview saves nothing; open windows are instants': editing.previewing,
  'a preview reads the feed at once': feeding.trying,
  'reading and changing are two permissions, and agents have neither by themselves': editing.permissions,
  'a calendar is deleted only where no policy of the newest book uses it; its versions stay':
    editing.deleting,
  'an edit makes a version; the same definition, a name and a conflict make none': editing.editing,
  'a feed is read at once, then every six hours; only what differs makes a version': feeding.reading,
  'a feed that fails keeps its days, says why, and tells administrators after a day': feeding.failing,
  'another URL forgets the old feed; none ends it': feeding.replacing,
  'a file is uploaded, replaced and taken away': feeding.uploading,
  'at the turn of a year one more year comes into sight; the past stays as it was': feeding.rolling,
}

onBoth(t, async (t, database) => {
  const desk = await open(t, database)
  for (const [name, scenario] of Object.entries(scenarios)) {
    desk.app.clock.set('2026-03-03T09:00:00.000Z')
    await t.test(name, (t) => scenario(t, desk))
    await desk.clear()
  }
})
