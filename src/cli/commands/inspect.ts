// frontdesk mail inspect: what the desk makes of a mail, without storing it.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { inspectHtml, inspectJson, inspectText } from '../../intake/mime/inspect.js'
import { createNormaliser } from '../../intake/mime/pool.js'
import { type Command, plainJson, say, UsageError } from '../command.js'

const WORKERS = 2
const AT_ONCE = 8

export const inspect: Command = {
  name: 'mail inspect',
  usage: 'mail inspect [--as rfc822|html|text] [--jsonl] FILE…',
  summary: 'Print what a mail is normalised to as JSON; nothing is stored.',
  options: { as: { type: 'string' }, jsonl: { type: 'boolean' } },
  async run({ args, values }) {
    const as = values.as ?? 'rfc822'
    if (
      args.length === 0 ||
      !['rfc822', 'html', 'text'].includes(String(as)) ||
      (!values.jsonl && args.length > 1)
    )
      throw new UsageError(`usage: frontdesk ${this.usage}\nSeveral files need --jsonl.`)
    const normaliser = createNormaliser({ workers: WORKERS })
    const look = async (file: string) => {
      const raw = await readFile(file)
      if (as === 'html') return inspectHtml(raw.toString('utf8'))
      if (as === 'text') return inspectText(raw.toString('utf8'))
      return inspectJson(await normaliser.normalise(raw))
    }
    let failed = 0
    for (let from = 0; from < args.length; from += AT_ONCE) {
      const files = args.slice(from, from + AT_ONCE)
      const results = await Promise.all(
        files.map((file) => look(file).catch((error: Error) => ({ error: error.message }))),
      )
      results.forEach((result, index) => {
        if ('error' in result) failed++
        say(values.jsonl ? plainJson({ id: path.basename(files[index]!), ...result }) : plainJson(result, 2))
      })
    }
    await normaliser.close()
    return failed > 0 ? 1 : 0
  },
}
