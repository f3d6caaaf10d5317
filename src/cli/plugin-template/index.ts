// The plugin that `frontdesk plugin new` and `npm run make:plugin` write: a small one that works, to be changed.
import { migrationFiles } from './migrations.js'
import { packageFiles } from './package.js'
import { readme } from './readme.js'
import { source, tables } from './source.js'
import { test } from './test.js'

export interface Template {
  name: string
  /** Of this repository, or a package of its own. */
  inside: boolean
  /** Dependency -> version, as this frontdesk has them; `frontdesk` itself among them. */
  versions: Readonly<Record<string, string>>
}

/** Path -> text. */
export function pluginFiles(template: Template): Record<string, string> {
  const src = template.inside ? '' : 'src/'
  return {
    ...(template.inside ? {} : packageFiles(template)),
    'README.md': readme(template),
    [`${src}index.ts`]: source(template),
    [`${src}tables.ts`]: tables(template),
    [`${src}index.test.ts`]: test(template),
    ...migrationFiles(template),
  }
}
