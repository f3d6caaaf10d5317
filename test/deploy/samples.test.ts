// The samples of the documents say only what the program knows: variables, commands, paths.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { ROLES, SECRET_VARIABLES, VARIABLES } from '../../src/config.js'

const SAMPLES = path.join(ROOT, 'docs', 'samples')
const read = (name: string) => readFileSync(path.join(SAMPLES, name), 'utf8')
const units = readdirSync(path.join(SAMPLES, 'systemd')).map((name) => path.join('systemd', name))
const known = new Set<string>([...VARIABLES, ...SECRET_VARIABLES.map((name) => `${name}_FILE`), 'NODE_ENV'])

/** Names of variables with what they are set to, of all that is set for our own processes. */
function variables(name: string): [string, string][] {
  const text = read(name)
  if (name === 'Dockerfile')
    return [...text.matchAll(/^ENV (.+)$/gm)].flatMap(([, line]) => assignments(line!))
  if (name.startsWith('systemd'))
    return [...text.matchAll(/^Environment=(.+)$/gm)].flatMap(([, line]) => assignments(line!))
  if (name === 'Procfile')
    return [...text.matchAll(/\benv ((?:\w+=\S+ )+)/g)].flatMap(([, some]) => assignments(some!))
  return [...text.matchAll(/^ +([A-Z][A-Z_]+): "?([^"\n]*)"?$/gm)].map(([, key, value]) => [key!, value!])
}

const assignments = (text: string): [string, string][] =>
  [...text.matchAll(/([A-Z_]+)=(\S*)/g)].map(([, key, value]) => [key!, value!])

t.test('every variable is one that is read, and every role one that there is', async (t) => {
  for (const name of [
    'compose.yaml',
    'Dockerfile',
    'Procfile',
    ...units.filter((unit) => /web|work|intake/.test(unit)),
  ]) {
    const found = variables(name).filter(([key]) => !key.startsWith('POSTGRES_'))
    t.not(found.length, 0, name)
    for (const [key, value] of found) {
      t.ok(known.has(key), `${name}: ${key}`)
      if (key === 'ROLES') t.ok(ROLES.includes(value as (typeof ROLES)[number]), `${name}: ${value}`)
    }
  }
})

t.test('every secret of compose.yaml that is named is declared, and comes as a file', async (t) => {
  const text = read('compose.yaml')
  const used = [...text.matchAll(/\/run\/secrets\/(\w+)/g)].map(([, name]) => name!)
  const [, declared = ''] = text.split(/^secrets:$/m)
  t.not(used.length, 0)
  for (const name of used) t.match(declared, `file: ./secrets/${name}`, name)
})

t.test('every process of the roles is in each sample', async (t) => {
  for (const name of ['compose.yaml', 'Procfile'])
    t.same(
      [...new Set(variables(name).flatMap(([key, value]) => (key === 'ROLES' ? [value] : [])))].sort(),
      [...ROLES].sort(),
      name,
    )
  const ofUnits = units.flatMap(variables).flatMap(([key, value]) => (key === 'ROLES' ? [value] : []))
  t.same(ofUnits.sort(), [...ROLES].sort(), 'systemd')
})
