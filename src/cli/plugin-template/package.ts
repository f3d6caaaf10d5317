// What makes a folder a package: only for a plugin that lives outside of the repository.
import type { Template } from './index.js'

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

export const packageFiles = (template: Template): Record<string, string> => ({
  'package.json': json(manifest(template)),
  'tsconfig.json': json(tsconfig),
  // A link to a folder would bring a second drizzle-orm with it, whose types do not fit the first.
  '.npmrc': 'install-links=true\n',
  '.gitignore': 'node_modules/\ndist/\n',
})

const manifest = ({ name, versions }: Template) => ({
  name,
  version: '0.1.0',
  description: 'A plugin for frontdesk.',
  license: 'MIT',
  type: 'module',
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  files: ['dist', '!dist/*.test.*', 'migrations'],
  scripts: {
    build: 'tsc',
    // tap gives a file 30 s; a start of PGlite on a busy machine takes a good part of that.
    test: 'tsc && TAP_TIMEOUT=120 node dist/index.test.js',
    migration: 'tsc && frontdesk plugin migration',
  },
  dependencies: pick(versions, ['frontdesk', 'drizzle-orm', 'typebox']),
  devDependencies: pick(versions, [
    '@electric-sql/pglite',
    '@types/node',
    'drizzle-kit',
    'tap',
    'typescript',
  ]),
  allowScripts: { 'better-sqlite3': true },
})

const pick = (versions: Readonly<Record<string, string>>, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, versions[name] ?? '*']))

const tsconfig = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2024'],
    module: 'nodenext',
    rootDir: 'src',
    outDir: 'dist',
    strict: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    declaration: true,
    sourceMap: true,
    types: ['node'],
  },
  include: ['src'],
}
