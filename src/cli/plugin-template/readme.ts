// The README of the new plugin: how to try it, how to go on.
import type { Template } from './index.js'

export const readme = (template: Template): string => `# ${template.name}

Reminds the agents of tickets that nobody has answered: a small plugin that works, to be changed into yours.

| Here | What it is |
| --- | --- |
| setting \`${template.name}.hours\` | Hours without an answer before a reminder |
| field \`${template.name}.reminded\` | The agents were reminded |
| filter \`urgent\` | A subject with "urgent" gives the tag \`urgent\` |
| events \`messageReceived\`, \`messageQueued\` | Start and call off the reminder |
| job \`remind\` | Adds the note |
| \`GET /api/plugins/${template.name}/waiting\` | Tickets that wait; permission \`${template.name}:read\` |

${template.inside ? inside(template) : outside(template)}
How plugins work: docs/plugins.md of frontdesk.
`

const outside = ({ name }: Template) => `\`\`\`sh
npm install
npm test                          # compiles, and runs the tests on SQLite and PostgreSQL
FRONTDESK_PLUGINS=${name} npx frontdesk start
npm run migration -- add_a_table  # after a change in src/tables.ts: SQL for both databases, to be read and committed
\`\`\`

Before the first release, tables that change need no second migration: delete \`migrations/\` and make the first one again. A renamed
table or column is asked about, so run that in a terminal.

In production: \`npm install ${name}\` in the folder from which frontdesk is started, then \`FRONTDESK_PLUGINS=${name}\`.
`

const inside = ({ name }: Template) => `\`\`\`sh
npm run build && node dist/plugins/${name}/index.test.js
FRONTDESK_PLUGINS=${name} npm start
npm run make:migration -- add_a_table ${name}   # after a change in tables.ts
\`\`\`
`
